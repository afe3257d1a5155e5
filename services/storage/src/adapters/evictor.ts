import { listShard, type StoredBlob, shardCount } from "./stored-blobs.ts";

/** Evicts blobs when space is short. */
export type Evictor = {
  /** Evicts blobs, by rank, then value, then last use, lowest first, until `missingBytes` returns 0 or none is left. Calls run one by one. */
  evictUntil(missingBytes: () => number): Promise<void>;
  /** Adds a blob that may be evicted from now on, so that no search is needed to find it. */
  offer(blob: StoredBlob): void;
};

/** Options of an evictor. */
export type EvictorOptions = {
  readonly blobsDir: string;
  /** Shortest time until the next search after one that found too little. */
  readonly restMs: number;
  /** Returns the eviction rank of a blob; undefined if it may not be evicted. */
  rankOf(blob: StoredBlob): number | undefined;
  /** Returns the value of keeping a blob among those of its rank; default: all are equal. */
  valueOf?(blob: StoredBlob): number;
  /** Removes the blob if `mayEvict` still returns true. */
  remove(sha256: string, mayEvict: (blob: StoredBlob) => boolean): Promise<StoredBlob | undefined>;
  monotonicMs(): number;
};

/** How many blobs one search remembers. */
const maxCandidates = 4_096;
/** After a search that found too little, the next one waits this many times its duration. */
const restFactor = 10;

type Candidate = {
  readonly sha256: string;
  readonly rank: number;
  readonly value: number;
  readonly usedMs: number;
};

/** Creates an evictor. It reads the whole store only after all candidates of its last search are used up. */
export function createEvictor(options: EvictorOptions): Evictor {
  const { monotonicMs } = options;
  /** The next blob to evict is the last one. */
  let candidates: Candidate[] = [];
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();

  function toCandidate(blob: StoredBlob): Candidate | undefined {
    const rank = options.rankOf(blob);
    if (rank === undefined) return undefined;
    return { sha256: blob.sha256, rank, value: options.valueOf?.(blob) ?? 0, usedMs: blob.usedMs };
  }

  async function search(): Promise<void> {
    let found: Candidate[] = [];
    for (let n = 0; n < shardCount; n += 1) {
      for (const blob of await listShard(options.blobsDir, n)) {
        const candidate = toCandidate(blob);
        if (candidate !== undefined) found.push(candidate);
      }
      if (found.length > 2 * maxCandidates) found = firstToEvict(found);
    }
    candidates = firstToEvict(found).reverse();
  }

  async function evictCandidates(missingBytes: () => number): Promise<void> {
    while (missingBytes() > 0) {
      const next = candidates.pop();
      if (next === undefined) return;
      // Checked again under the lock: a blob that was used since the search has another position in the order.
      await options.remove(next.sha256, (blob) => options.rankOf(blob) !== undefined && blob.usedMs === next.usedMs);
    }
  }

  async function evict(missingBytes: () => number): Promise<void> {
    await evictCandidates(missingBytes);
    if (missingBytes() <= 0 || monotonicMs() < restUntilMs) return;
    const startedMs = monotonicMs();
    let foundAll = false;
    while (!foundAll && missingBytes() > 0) {
      await search();
      foundAll = candidates.length < maxCandidates;
      await evictCandidates(missingBytes);
    }
    const tookMs = monotonicMs() - startedMs;
    if (missingBytes() > 0) restUntilMs = monotonicMs() + Math.max(options.restMs, restFactor * tookMs);
  }

  return {
    evictUntil(missingBytes) {
      last = last.then(
        () => evict(missingBytes),
        () => evict(missingBytes),
      );
      return last;
    },
    offer(blob) {
      const candidate = toCandidate(blob);
      if (candidate === undefined) return;
      const index = candidates.findIndex((other) => byOrder(other, candidate) <= 0);
      candidates.splice(index < 0 ? candidates.length : index, 0, candidate);
      // Forgets the ones to evict last; a search finds them again.
      if (candidates.length > 2 * maxCandidates) candidates = candidates.slice(-maxCandidates);
    },
  };
}

function byOrder(a: Candidate, b: Candidate): number {
  return a.rank - b.rank || a.value - b.value || a.usedMs - b.usedMs;
}

function firstToEvict(found: Candidate[]): Candidate[] {
  return found.sort(byOrder).slice(0, maxCandidates);
}

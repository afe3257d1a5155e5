import { listShard, type StoredBlob, shardCount } from "./walk.ts";

/** Makes room by removing what may give way. */
export type Evictor = {
  /** Removes blobs, those first whose turn is first and of these the least lately used, until `short` answers 0 or none is left. */
  makeRoom(short: () => number): Promise<void>;
  /** A blob may give way that had to stay before: it is found without a search. */
  offer(blob: StoredBlob): void;
};

/** Options of an evictor. */
export type EvictorOptions = {
  readonly blobsDir: string;
  /** A full store is not searched again for so long after a search that found too little. */
  readonly restMs: number;
  /** In which turn a blob gives way; undefined where it must stay. */
  turnOf(blob: StoredBlob): number | undefined;
  /** Removes the blob if `mayGo` still says so. */
  remove(sha256: string, mayGo: (blob: StoredBlob) => boolean): Promise<StoredBlob | undefined>;
  monotonicMs(): number;
};

/** How many blobs one search remembers. */
const maxCandidates = 4_096;
/** A search that found too little is paid for by a rest of so many times its own length. */
const restFactor = 10;

type Candidate = { readonly sha256: string; readonly turn: number; readonly usedMs: number };

/** Makes an evictor. It reads the whole store only when what its last search found is used up. */
export function createEvictor(options: EvictorOptions): Evictor {
  const { monotonicMs } = options;
  let candidates: Candidate[] = [];
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();

  async function search(): Promise<void> {
    let found: Candidate[] = [];
    for (let n = 0; n < shardCount; n += 1) {
      for (const blob of await listShard(options.blobsDir, n)) {
        const turn = options.turnOf(blob);
        if (turn !== undefined) found.push({ sha256: blob.sha256, turn, usedMs: blob.usedMs });
      }
      if (found.length > 2 * maxCandidates) found = firstToGo(found);
    }
    candidates = firstToGo(found).reverse();
  }

  async function drain(short: () => number): Promise<void> {
    while (short() > 0) {
      const next = candidates.pop();
      if (next === undefined) return;
      // Looked at again under the lock: a blob that was used meanwhile has another place in the order.
      await options.remove(next.sha256, (blob) => options.turnOf(blob) !== undefined && blob.usedMs === next.usedMs);
    }
  }

  async function run(short: () => number): Promise<void> {
    await drain(short);
    if (short() <= 0 || monotonicMs() < restUntilMs) return;
    const startedMs = monotonicMs();
    let foundAll = false;
    while (!foundAll && short() > 0) {
      await search();
      foundAll = candidates.length < maxCandidates;
      await drain(short);
    }
    const tookMs = monotonicMs() - startedMs;
    if (short() > 0) restUntilMs = monotonicMs() + Math.max(options.restMs, restFactor * tookMs);
  }

  return {
    makeRoom(short) {
      last = last.then(
        () => run(short),
        () => run(short),
      );
      return last;
    },
    offer(blob) {
      const turn = options.turnOf(blob);
      if (turn === undefined) return;
      const candidate = { sha256: blob.sha256, turn, usedMs: blob.usedMs };
      const at = candidates.findIndex((other) => inOrder(other, candidate) <= 0);
      candidates.splice(at < 0 ? candidates.length : at, 0, candidate);
      // The last in turn are forgotten first; a search finds them again.
      if (candidates.length > 2 * maxCandidates) candidates = candidates.slice(-maxCandidates);
    },
  };
}

function inOrder(a: Candidate, b: Candidate): number {
  return a.turn - b.turn || a.usedMs - b.usedMs;
}

function firstToGo(found: Candidate[]): Candidate[] {
  return found.sort(inOrder).slice(0, maxCandidates);
}

import type { BlobIndex, WalkStep } from "../../domain/blob-index.ts";
import type { SweepResult } from "../../domain/blob-store.ts";
import { entryRank, type IndexEntry, type IndexRules, isEntryExpired } from "../../domain/index-entry.ts";
import type { RemoveFromCold } from "./remove-blob.ts";

/** Removes blobs of the shared store that no longer need to stay. One replica sweeps at a time. */
export type IndexSweeper = {
  /** Continues the walk through the index, at most `maxVisits` entries. */
  step(): Promise<SweepResult>;
  /** Removes blobs that may go, lowest rank first, until `bytes` are freed; looks at a bounded number. Returns whether it removed any. */
  evict(bytes: number): Promise<boolean>;
  /** Number and bytes of the blobs that the last complete walk found. */
  readonly found: { readonly blobs: number; readonly sizeBytes: number };
};

/** Options of the sweeper. */
export type IndexSweeperOptions = {
  readonly index: BlobIndex;
  readonly rules: IndexRules;
  readonly remove: RemoveFromCold;
  readonly maxVisits: number;
  readonly onEvicted: (idleMs: number) => void;
  readonly unixMs: () => number;
};

/** Entries that one eviction looks at. */
const evictionVisits = 20_000;
/** Blobs that one eviction removes at most. */
const maxVictims = 1_000;

type Candidate = {
  readonly sha256: string;
  readonly rank: number;
  readonly lastUseMs: number;
  readonly sizeBytes: number;
};

/** Creates a sweeper that begins at the oldest entry. */
export function createIndexSweeper(options: IndexSweeperOptions): IndexSweeper {
  const { index, rules, remove, unixMs } = options;
  let found = { blobs: 0, sizeBytes: 0 };
  let sum = { blobs: 0, sizeBytes: 0 };
  let nextRevision = 1;
  let lastRevision = 0;
  let evicting: Promise<boolean> | undefined;

  /** An entry with a mark belongs to a removal that its replica did not finish. */
  const mayGo = (entry: IndexEntry) => entry.removingSinceMs > 0 || isEntryExpired(entry, unixMs(), rules);

  async function removeBlob(sha256: string, mayRemove: (entry: IndexEntry) => boolean): Promise<number> {
    const removed = await remove(sha256, mayRemove);
    if (removed === undefined) return 0;
    options.onEvicted(unixMs() - removed.lastUseMs);
    return removed.sizeBytes;
  }

  /** Returns the freed bytes; undefined if the entry stays. */
  async function visit(step: WalkStep): Promise<number | undefined> {
    if (step.kind === "job") {
      if (step.untilMs + rules.lifetime.graceMs < unixMs()) await index.dropJob(step.key, step.revision);
      return undefined;
    }
    if (step.entry === undefined) return undefined;
    if (mayGo(step.entry)) {
      const freedBytes = await removeBlob(step.sha256, mayGo);
      if (freedBytes > 0) return freedBytes;
    }
    sum = { blobs: sum.blobs + 1, sizeBytes: sum.sizeBytes + step.entry.sizeBytes };
    return undefined;
  }

  async function findVictims(): Promise<Candidate[]> {
    let candidates: Candidate[] = [];
    const end = await index.lastRevision();
    let revision = 1;
    for (let visits = 0; visits < evictionVisits; visits += 1) {
      const step = await index.walk(revision);
      if (step === undefined || step.revision > end) break;
      revision = step.revision + 1;
      if (step.kind === "job" || step.entry === undefined) continue;
      const rank = entryRank(step.entry, unixMs(), rules);
      const { lastUseMs, sizeBytes } = step.entry;
      if (rank !== undefined) candidates.push({ sha256: step.sha256, rank, lastUseMs, sizeBytes });
      if (candidates.length > 2 * maxVictims) candidates = firstToGo(candidates);
    }
    return firstToGo(candidates);
  }

  async function evict(bytes: number): Promise<boolean> {
    let freedBytes = 0;
    const mayEvict = (entry: IndexEntry) => entryRank(entry, unixMs(), rules) !== undefined;
    for (const { sha256 } of await findVictims()) {
      if (freedBytes >= bytes) break;
      freedBytes += await removeBlob(sha256, mayEvict);
    }
    return freedBytes > 0;
  }

  return {
    async step() {
      const total = { visited: 0, removed: 0, freedBytes: 0 };
      if (nextRevision > lastRevision) {
        nextRevision = 1;
        // Entries that are written meanwhile move behind this revision: the walk ends in any case.
        lastRevision = await index.lastRevision();
        sum = { blobs: 0, sizeBytes: 0 };
      }
      for (; total.visited < options.maxVisits; total.visited += 1) {
        const step = await index.walk(nextRevision);
        if (step === undefined || step.revision > lastRevision) {
          nextRevision = lastRevision + 1;
          found = sum;
          break;
        }
        nextRevision = step.revision + 1;
        const freedBytes = await visit(step);
        if (freedBytes === undefined) continue;
        total.removed += 1;
        total.freedBytes += freedBytes;
      }
      return total;
    },
    evict(bytes) {
      evicting ??= evict(bytes).finally(() => {
        evicting = undefined;
      });
      return evicting;
    },
    get found() {
      return found;
    },
  };
}

function firstToGo(candidates: Candidate[]): Candidate[] {
  return candidates.sort((a, b) => a.rank - b.rank || a.lastUseMs - b.lastUseMs).slice(0, maxVictims);
}

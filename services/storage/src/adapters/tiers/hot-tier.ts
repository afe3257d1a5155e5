import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BlobStat } from "../../domain/blob-store.ts";
import { createKeepValue } from "../../domain/keep-value/keep-value.ts";

/** A blob in memory. `chunks` must not be changed. */
export type HotBlob = { readonly stat: BlobStat; readonly chunks: readonly Buffer[] };

/** Copies of blobs in memory, within a budget of bytes. */
export type HotTier = {
  /** Returns a copy whose digest was verified just now; undefined if there is none. A corrupt copy is dropped. */
  read(sha256: string): Promise<HotBlob | undefined>;
  /** Whether a blob of this size is worth a copy: it fits, and is small against the budget. */
  fits(sizeBytes: number): boolean;
  /** Adds a copy of verified bytes. The copies of the lowest value make space for it. */
  add(blob: HotBlob): void;
  forget(sha256: string): void;
  /** Sets the budget; copies above it are evicted. */
  resize(budgetBytes: number): void;
  readonly blobs: number;
  readonly sizeBytes: number;
  readonly budgetBytes: number;
};

/** Options of the hot tier. */
export type HotTierOptions = {
  readonly budgetBytes: number;
  /** A copy was evicted. `idleMs` is the time since its last use. */
  onEvicted(idleMs: number): void;
  onCorrupt(sha256: string): void;
  readonly monotonicMs: () => number;
};

/** The largest copy, as a part of the budget. */
const largestPart = 1 / 4;
/** Beside the bytes, each copy takes about 1 KiB of the process. */
const copyOverheadBytes = 1_024;
const maxCopies = 100_000;
/** Bytes that are hashed before other events have their turn: about 0.6 ms. */
const hashSliceBytes = 1024 * 1024;

type Copy = HotBlob & { usedMs: number };

/** Creates an empty tier. The order of eviction is that of the values of `createKeepValue`. */
export function createHotTier(options: HotTierOptions): HotTier {
  const copies = new Map<string, Copy>();
  const values = createKeepValue({ maxEntries: maxCopies });
  let budgetBytes = options.budgetBytes;
  let usedBytes = 0;

  const costOf = ({ stat }: HotBlob) => stat.sizeBytes + copyOverheadBytes;
  function drop(copy: Copy): void {
    copies.delete(copy.stat.sha256);
    usedBytes -= costOf(copy);
  }
  function evictAbove(limitBytes: number): void {
    while (usedBytes > limitBytes) {
      const lowest = values.lowest() ?? copies.keys().next().value;
      const copy = lowest === undefined ? undefined : copies.get(lowest);
      if (lowest === undefined) return;
      values.evicted(lowest);
      if (copy === undefined) continue;
      drop(copy);
      options.onEvicted(options.monotonicMs() - copy.usedMs);
    }
  }
  const fits = (sizeBytes: number) => sizeBytes + copyOverheadBytes <= budgetBytes * largestPart;

  return {
    fits,
    async read(sha256) {
      const copy = copies.get(sha256);
      if (copy === undefined) return undefined;
      if ((await digestOf(copy.chunks)) !== sha256) {
        if (copies.get(sha256) === copy) drop(copy);
        values.forget(sha256);
        options.onCorrupt(sha256);
        return undefined;
      }
      copy.usedMs = options.monotonicMs();
      if (copies.has(sha256)) values.use(sha256, copy.stat.sizeBytes);
      return copy;
    },
    add(blob) {
      const { sha256, sizeBytes } = blob.stat;
      if (!fits(sizeBytes) || copies.has(sha256) || copies.size >= maxCopies) return;
      evictAbove(budgetBytes - costOf(blob));
      copies.set(sha256, { ...blob, usedMs: options.monotonicMs() });
      usedBytes += costOf(blob);
      values.use(sha256, sizeBytes);
    },
    forget(sha256) {
      const copy = copies.get(sha256);
      if (copy !== undefined) drop(copy);
      values.forget(sha256);
    },
    resize(bytes) {
      budgetBytes = bytes;
      evictAbove(bytes);
    },
    get blobs() {
      return copies.size;
    },
    get sizeBytes() {
      return usedBytes;
    },
    get budgetBytes() {
      return budgetBytes;
    },
  };
}

async function digestOf(chunks: readonly Buffer[]): Promise<string> {
  const hash = createHash("sha256");
  let sinceTurnBytes = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += hashSliceBytes) {
      const slice = chunk.subarray(at, at + hashSliceBytes);
      hash.update(slice);
      sinceTurnBytes += slice.length;
      if (sinceTurnBytes < hashSliceBytes) continue;
      sinceTurnBytes = 0;
      await nextTurn();
    }
  }
  return hash.digest("hex");
}

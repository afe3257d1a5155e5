import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BlobStat } from "../../domain/blob-store.ts";
import { createKeepValue } from "../../domain/keep-value/keep-value.ts";

/** A blob in memory. `chunks` must not be changed. */
export type HotBlob = { readonly stat: BlobStat; readonly chunks: readonly Buffer[] };

/** Uses of a copy, of which old ones count less, and the milliseconds that a use saves (0: unknown). */
export type HotUses = {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly uses: number;
  readonly savedMs: number;
};

/** Copies of blobs in memory, within a budget of bytes. */
export type HotTier = {
  /** Returns a copy whose digest was verified just now; undefined if there is none. A corrupt copy is dropped. */
  read(sha256: string): Promise<HotBlob | undefined>;
  /** Whether a blob of this size is worth a copy: it fits, and is small against the budget. */
  fits(sizeBytes: number): boolean;
  /** Adds a copy of verified bytes. The copies of the lowest value make space for it. */
  add(blob: HotBlob): void;
  forget(sha256: string): void;
  /** Counts a use of a copy whose bytes are not read: its result was used again, which saved `savedMs`. */
  reuse(sha256: string, savedMs: number): void;
  has(sha256: string): boolean;
  /** Whether a copy of this size fits without an eviction. */
  hasSpace(sizeBytes: number): boolean;
  /** Returns the uses of at most `limit` copies, the most valuable first. */
  mostValuable(limit: number): HotUses[];
  /** Counts the uses of an earlier process, given as `mostValuable` returned them. Call it before the first read. */
  recall(uses: readonly HotUses[]): void;
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

/** After so many uses of all copies a use counts half, as in ADR 0116. */
const halfLifeUses = 10_000;
/** The uses that still count are at most 1.5 half-lives in all copies together. */
const maxRecalledUses = 3 * halfLifeUses;

type Copy = HotBlob & { usedMs: number; uses: number; turn: number };

/** Creates an empty tier. The order of eviction is that of the values of `createKeepValue`. */
export function createHotTier(options: HotTierOptions): HotTier {
  const copies = new Map<string, Copy>();
  const values = createKeepValue({ maxEntries: maxCopies, halfLifeUses });
  /** Uses of blobs that an earlier process had in memory and this one does not have yet. */
  const recalled = new Map<string, number>();
  let turn = 0;
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
  const usesNow = ({ uses, turn: at }: Copy) => uses * 2 ** ((at - turn) / halfLifeUses);
  function countUse(copy: Copy, savedMs = copy.stat.savedMs): void {
    turn += 1;
    copy.uses = usesNow(copy) + 1;
    copy.turn = turn;
    values.use(copy.stat.sha256, copy.stat.sizeBytes, savedMs);
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
      if (copies.has(sha256)) countUse(copy);
      return copy;
    },
    add(blob) {
      const { sha256, sizeBytes } = blob.stat;
      if (!fits(sizeBytes) || copies.has(sha256) || copies.size >= maxCopies) return;
      evictAbove(budgetBytes - costOf(blob));
      const copy = { ...blob, usedMs: options.monotonicMs(), uses: recalled.get(sha256) ?? 0, turn };
      recalled.delete(sha256);
      copies.set(sha256, copy);
      usedBytes += costOf(blob);
      countUse(copy);
    },
    forget(sha256) {
      const copy = copies.get(sha256);
      if (copy !== undefined) drop(copy);
      recalled.delete(sha256);
      values.forget(sha256);
    },
    reuse(sha256, savedMs) {
      const copy = copies.get(sha256);
      if (copy !== undefined) countUse(copy, savedMs);
    },
    has: (sha256) => copies.has(sha256),
    hasSpace: (sizeBytes) => fits(sizeBytes) && usedBytes + sizeBytes + copyOverheadBytes <= budgetBytes,
    mostValuable(limit) {
      const all = [...copies.values()].map((copy) => {
        const { sha256, sizeBytes, savedMs = 0 } = copy.stat;
        return { sha256, sizeBytes, savedMs, uses: usesNow(copy), value: values.valueOf(sha256, sizeBytes) };
      });
      all.sort((a, b) => b.value - a.value);
      return all.slice(0, limit).map(({ value: _, ...uses }) => uses);
    },
    recall(given) {
      let left = maxRecalledUses;
      // The least valuable first, because later uses count more.
      for (const { sha256, sizeBytes, uses, savedMs } of given.toReversed()) {
        recalled.set(sha256, uses);
        const whole = Math.max(1, Math.min(left, Math.round(uses)));
        left -= whole;
        for (let n = 0; n < whole; n += 1) values.use(sha256, sizeBytes, savedMs);
      }
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

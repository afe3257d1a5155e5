import { createValueHeap, type Valued } from "./value-heap.ts";

/** Options of the values. */
export type KeepValueOptions = {
  /** Most stored blobs whose uses are remembered, and most evicted ones: about 300 and 200 bytes each. */
  readonly maxEntries: number;
  /** After so many uses of all blobs together a use counts half; default 10,000. */
  readonly halfLifeUses?: number;
};

/**
 * The value of keeping each blob: its uses, of which old ones count less, times the square root of the milliseconds that a use saves, over its bytes.
 * The root weighs hits against time saved (ADR 0116). Values are on a logarithmic scale that rises with each use of any blob, so those of other blobs
 * need no change. Pure and in memory. A loss of it harms nothing: a blob without an entry counts as used once, at the start.
 */
export type KeepValue = {
  /**
   * A blob was stored or read. `savedMs` is the time that a use saves, in milliseconds; 0 or undefined: as given before, else an estimate from
   * the size.
   */
  use(sha256: string, sizeBytes: number, savedMs?: number): void;
  /**
   * Returns the value of keeping a blob; it may be negative. The blob of the lowest value is evicted first. `savedMs` counts for a blob whose
   * uses are not remembered.
   */
  valueOf(sha256: string, sizeBytes: number, savedMs?: number): number;
  /** A blob was evicted for space. Its uses are remembered for the case that it comes back. */
  evicted(sha256: string): void;
  /** A blob is gone for another reason. */
  forget(sha256: string): void;
  /** Returns the remembered stored blob of the lowest value; of equal values the one used least recently. */
  lowest(): string | undefined;
};

/** Uses, as they count at the use number `turn`. */
type Uses = { uses: number; turn: number; savedMs: number };
type Entry = Valued & Uses;

/** What a blob costs beside its bytes: a block of the file system. It keeps tiny blobs from a value without bound. */
const overheadBytes = 4_096;
/** Estimate of the time that a use saves: what a small result takes, and what each MiB adds. */
const estimateMs = { base: 50, perMib: 400 };
const mib = 1024 * 1024;

/** Creates the values of an empty store. A use takes O(log n). */
export function createKeepValue({ maxEntries, halfLifeUses = 10_000 }: KeepValueOptions): KeepValue {
  const stored = new Map<string, Entry>();
  const heap = createValueHeap<Entry>();
  /** In the order of their eviction. */
  const evicted = new Map<string, Uses>();
  let turn = 0;

  const toValue = ({ uses, savedMs, turn: at }: Uses, sizeBytes: number) =>
    Math.log2((uses * Math.sqrt(Math.max(1, savedMs))) / (sizeBytes + overheadBytes)) + at / halfLifeUses;

  function drop(entry: Entry): void {
    heap.remove(entry);
    stored.delete(entry.sha256);
  }

  function moveToEvicted({ sha256, uses, turn: at, savedMs }: Entry): void {
    evicted.delete(sha256);
    evicted.set(sha256, { uses, turn: at, savedMs });
    if (evicted.size > maxEntries) evicted.delete(evicted.keys().next().value as string);
  }

  function add(sha256: string, uses: Uses, sizeBytes: number): void {
    const entry = { sha256, ...uses, value: toValue(uses, sizeBytes), at: 0 };
    stored.set(sha256, entry);
    heap.add(entry);
    if (heap.size() <= maxEntries) return;
    const lowest = heap.lowest() as Entry;
    drop(lowest);
    moveToEvicted(lowest);
  }

  return {
    use(sha256, sizeBytes, savedMs) {
      turn += 1;
      const entry = stored.get(sha256);
      const before = entry ?? evicted.get(sha256);
      const decayed = before === undefined ? 0 : before.uses * 2 ** ((before.turn - turn) / halfLifeUses);
      const uses = { uses: decayed + 1, turn, savedMs: savedMs || before?.savedMs || toEstimateMs(sizeBytes) };
      if (entry === undefined) {
        evicted.delete(sha256);
        add(sha256, uses, sizeBytes);
        return;
      }
      entry.uses = uses.uses;
      entry.savedMs = uses.savedMs;
      heap.revalue(entry, toValue(uses, sizeBytes), turn);
    },
    valueOf(sha256, sizeBytes, savedMs) {
      const once = { uses: 1, turn: 0, savedMs: savedMs || toEstimateMs(sizeBytes) };
      return stored.get(sha256)?.value ?? toValue(once, sizeBytes);
    },
    evicted(sha256) {
      const entry = stored.get(sha256);
      if (entry === undefined) return;
      drop(entry);
      moveToEvicted(entry);
    },
    forget(sha256) {
      evicted.delete(sha256);
      const entry = stored.get(sha256);
      if (entry !== undefined) drop(entry);
    },
    lowest: () => heap.lowest()?.sha256,
  };
}

function toEstimateMs(sizeBytes: number): number {
  return estimateMs.base + (estimateMs.perMib * sizeBytes) / mib;
}

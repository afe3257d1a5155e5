import type { CachePolicy } from "./cache.ts";

/** Parts of the budget: the window, and the protected part of the rest, as in the paper. */
const windowShare = 0.01;
const protectedShare = 0.8;

/** A queue by last use with its bytes. */
function createSegment() {
  const sizes = new Map<number, number>();
  let bytes = 0;
  return {
    sizes,
    bytes: () => bytes,
    has: (key: number) => sizes.has(key),
    add(key: number, sizeBytes: number) {
      sizes.set(key, sizeBytes);
      bytes += sizeBytes;
    },
    remove(key: number) {
      bytes -= sizes.get(key) ?? 0;
      sizes.delete(key);
    },
    touch(key: number) {
      const size = sizes.get(key) as number;
      sizes.delete(key);
      sizes.set(key, size);
    },
  };
}

/** Counts of uses, halved after every `period` of them. Exact counts stand for the sketch of the paper, which only approximates them. */
function createCounts(period: number) {
  const counts = new Map<number, number>();
  let left = period;
  return {
    of: (key: number) => counts.get(key) ?? 0,
    add(key: number) {
      counts.set(key, Math.min(15, (counts.get(key) ?? 0) + 1));
      left -= 1;
      if (left > 0) return;
      left = period;
      for (const [each, count] of counts) {
        if (count > 1) counts.set(each, count >> 1);
        else counts.delete(each);
      }
    },
  };
}

/**
 * W-TinyLFU (Einziger et al., 2017): a window by last use, then two segments that a blob enters only if it was used more often than what has to go.
 * With sizes: against the sum of all that has to go (Einziger et al., 2021).
 */
export const wTinyLfu: CachePolicy = (budgetBytes, requests) => {
  const window = createSegment();
  const probation = createSegment();
  const kept = createSegment();
  const counts = createCounts(Math.max(1_000, requests / 5));
  const mainBytes = (1 - windowShare) * budgetBytes;

  function admit(key: number, sizeBytes: number): void {
    const victims: number[] = [];
    let missing = probation.bytes() + kept.bytes() + sizeBytes - mainBytes;
    let sum = 0;
    for (const segment of [probation, kept]) {
      for (const [victim, size] of segment.sizes) {
        if (missing <= 0) break;
        victims.push(victim);
        missing -= size;
        sum += counts.of(victim);
      }
    }
    if (missing > 0 || (victims.length > 0 && counts.of(key) <= sum)) return;
    for (const victim of victims) (probation.has(victim) ? probation : kept).remove(victim);
    probation.add(key, sizeBytes);
  }

  function promote(key: number, sizeBytes: number): void {
    probation.remove(key);
    kept.add(key, sizeBytes);
    for (const [oldest, size] of kept.sizes) {
      if (kept.bytes() <= protectedShare * mainBytes) break;
      kept.remove(oldest);
      probation.add(oldest, size);
    }
  }

  return {
    request({ key, sizeBytes }) {
      counts.add(key);
      for (const segment of [window, kept]) {
        if (!segment.has(key)) continue;
        segment.touch(key);
        return true;
      }
      if (probation.has(key)) {
        promote(key, sizeBytes);
        return true;
      }
      window.add(key, sizeBytes);
      for (const [oldest, size] of window.sizes) {
        if (window.bytes() <= windowShare * budgetBytes) break;
        window.remove(oldest);
        admit(oldest, size);
      }
      return false;
    },
  };
};

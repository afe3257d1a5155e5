/** Time constant of the smoothing: this share of the whole duration, within these bounds. */
const smoothingShare = 0.05;
const minSmoothingMs = 100;
const maxSmoothingMs = 1_000;

/** Smooths the estimated end of a step that began at a known time. */
export type SmoothedEnd = {
  /** Takes the newest estimate of the milliseconds left; returns the smoothed one, from half to twice the newest. */
  update(nowMs: number, leftMs: number): number;
  /** Forgets the estimates so far: the next one counts in full. */
  reset(): void;
};

/** Creates a smoothed end (exponential moving average) without estimates. Times are of one monotonic clock. */
export function createSmoothedEnd(startMs: number): SmoothedEnd {
  let last: { readonly endMs: number; readonly atMs: number } | undefined;
  return {
    update(nowMs, leftMs) {
      const newestEndMs = nowMs + leftMs;
      const wholeMs = newestEndMs - startMs;
      const smoothingMs = Math.min(maxSmoothingMs, Math.max(minSmoothingMs, smoothingShare * wholeMs));
      const share = last === undefined ? 1 : 1 - Math.exp(-(nowMs - last.atMs) / smoothingMs);
      const mixedMs = last === undefined ? newestEndMs : last.endMs + share * (newestEndMs - last.endMs);
      last = { endMs: Math.min(Math.max(mixedMs, nowMs + leftMs / 2), nowMs + leftMs * 2), atMs: nowMs };
      return last.endMs - nowMs;
    },
    reset() {
      last = undefined;
    },
  };
}

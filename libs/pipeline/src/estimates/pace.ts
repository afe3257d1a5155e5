/** How slow a machine is just now against what was measured of it, by what its last steps took. */
export type Pace = {
  /** A step that was expected to take `expectedMs` took `tookMs`; what is not above 0 is ignored. */
  note(expectedMs: number, tookMs: number, nowMs: number): void;
  /** By how much expectations are to be multiplied. */
  factor(nowMs: number): number;
};

/** The newest step counts so much. */
const newestShare = 0.4;
/** Other work comes and goes: after this time half of what was seen is forgotten. */
const halfLifeMs = 20_000;
/** A step says this much at most, and a part of what was seen is believed. */
const mostFactor = 4;
const believedShare = 0.7;

/** A machine that is as fast as it was measured. Ratios are averaged by their logarithms, so twice as slow and twice as fast cancel. */
export function createPace(): Pace {
  let log = 0;
  let atMs = 0;
  const logAt = (nowMs: number) => log * 0.5 ** (Math.max(0, nowMs - atMs) / halfLifeMs);
  return {
    note(expectedMs, tookMs, nowMs) {
      if (!(expectedMs > 0 && tookMs > 0 && Number.isFinite(tookMs / expectedMs))) return;
      const ratio = Math.min(mostFactor, Math.max(1 / mostFactor, tookMs / expectedMs));
      const before = logAt(nowMs);
      log = before + newestShare * (Math.log(ratio) - before);
      atMs = nowMs;
    },
    factor: (nowMs) => Math.exp(believedShare * logAt(nowMs)),
  };
}

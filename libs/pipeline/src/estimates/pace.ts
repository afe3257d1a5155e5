/** Current slowness of a machine: how long its last steps took compared with what they usually take. */
export type MachinePace = {
  /** Records a step that took `tookMs` instead of `expectedMs`. Numbers that are not above 0 are ignored. */
  observe(expectedMs: number, tookMs: number, nowMs: number): void;
  /** The factor by which to multiply expectations. */
  factor(nowMs: number): number;
};

/** Weight of the newest step. */
const newestShare = 0.4;
/** Other work on the machine comes and goes: the slowness halves in this time. */
const halfLifeMs = 20_000;
/** Most that one step counts. */
const mostFactor = 4;
/** The share of the observed slowness that the factor applies. */
const appliedShare = 0.7;

/** Starts with factor 1. Averages the logarithms of ratios, so that twice as slow and twice as fast cancel out. */
export function createMachinePace(): MachinePace {
  let log = 0;
  let atMs = 0;
  const logAt = (nowMs: number) => log * 0.5 ** (Math.max(0, nowMs - atMs) / halfLifeMs);
  return {
    observe(expectedMs, tookMs, nowMs) {
      if (!(expectedMs > 0 && tookMs > 0 && Number.isFinite(tookMs / expectedMs))) return;
      const ratio = Math.min(mostFactor, Math.max(1 / mostFactor, tookMs / expectedMs));
      const before = logAt(nowMs);
      log = before + newestShare * (Math.log(ratio) - before);
      atMs = nowMs;
    },
    factor: (nowMs) => Math.exp(appliedShare * logAt(nowMs)),
  };
}

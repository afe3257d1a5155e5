/** Degree of degradation of the requests that allow it. 0: none; 1: to 1536 px; 2: to 1024 px and without finishing; 3: also to lighter models. */
export type LoadLevel = 0 | 1 | 2 | 3;

/** The current load of the mesh. */
export type LoadSignals = {
  /** Runnable tasks per core, averaged over a minute by the kernel. */
  readonly cpuLoad: number;
  /** The worst zone of any device: 0 green, 1 amber, 2 red. */
  readonly memoryZone: 0 | 1 | 2;
  /** The longest wait for a slot so far, or the time that the queued work will take, whichever is longer. */
  readonly queueWaitMs: number;
  /** Mean wait of the steps that have begun lately. */
  readonly recentWaitMs: number;
};

/** Degree of degradation, and the reason in words. */
export type Load = { readonly level: LoadLevel; readonly why: string };

/** No degradation. */
export const noLoad: Load = { level: 0, why: "" };

type Threshold = readonly [level1: number, level2: number, level3: number];

// The waits: one that a person notices, one that annoys, and half of the 30 s that the latency objective allows. With two runnable
// tasks per core each task takes twice as long.
const thresholds: Readonly<Record<keyof LoadSignals, Threshold>> = {
  cpuLoad: [2, 4, 8],
  memoryZone: [1, 2, Number.POSITIVE_INFINITY],
  queueWaitMs: [5_000, 10_000, 15_000],
  recentWaitMs: [5_000, 10_000, 15_000],
};

const words: Readonly<Record<keyof LoadSignals, (value: number) => string>> = {
  cpuLoad: (value) => `${value.toFixed(1)} tasks a core`,
  memoryZone: (value) => (value === 1 ? "memory is amber" : "memory is red"),
  queueWaitMs: (value) => `work waits ${Math.round(value / 1_000)} s`,
  recentWaitMs: (value) => `steps waited ${Math.round(value / 1_000)} s lately`,
};

/** The highest level that any signal asks for, with that signal in words. */
export function loadOf(signals: LoadSignals): Load {
  return (Object.keys(thresholds) as (keyof LoadSignals)[])
    .map((name): Load => {
      const value = signals[name];
      const level = thresholds[name].filter((threshold) => value >= threshold).length as LoadLevel;
      return { level, why: level === 0 ? "" : words[name](value) };
    })
    .reduce((worst, load) => (load.level > worst.level ? load : worst), noLoad);
}

/** Time that the load must stay below the level before the level falls by one. Results must not change with every change of the load. */
export const loadFallAfterMs = 10_000;

/** A level over time. It rises at once, and falls by one after `loadFallAfterMs` below it. */
export type LoadGauge = {
  /** Takes the current load and returns the smoothed one. */
  update(load: Load, nowMs: number): Load;
};

/** A gauge that begins without load. Holds no clock. */
export function createLoadGauge(): LoadGauge {
  let held = noLoad;
  let sinceMs = Number.NEGATIVE_INFINITY;
  return {
    update(load, nowMs) {
      if (load.level >= held.level) {
        held = load;
        sinceMs = nowMs;
      } else if (nowMs - sinceMs >= loadFallAfterMs) {
        const level = (held.level - 1) as LoadLevel;
        held = level === 0 ? noLoad : { level, why: load.why === "" ? held.why : load.why };
        sinceMs = nowMs;
      }
      return held;
    },
  };
}

/** How far requests that allow it are lowered: not at all; to 1536 px; to 1024 px and without finishing; and to lighter models. */
export type LoadLevel = 0 | 1 | 2 | 3;

/** What the mesh is like just now. */
export type LoadSignals = {
  /** Runnable tasks per core, as the kernel averages them over a minute. */
  readonly cpuLoad: number;
  /** The worst zone of any device: 0 green, 1 amber, 2 red. */
  readonly memoryZone: 0 | 1 | 2;
  /** How long a slot has been waited for, and how long the work in the queues will take, the longer of the two. */
  readonly queueWaitMs: number;
  /** How long the steps that began lately had waited, in the mean. */
  readonly recentWaitMs: number;
};

/** What is lowered, and why. */
export type Load = { readonly level: LoadLevel; readonly why: string };

/** Nothing is lowered. */
export const calm: Load = { level: 0, why: "" };

type Threshold = readonly [level1: number, level2: number, level3: number];

// Waits: what a person notices, what they mind, and half of the half minute that the latency objective allows. A core with
// two tasks to run takes twice as long for each.
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

/** The level that the worst of the signals asks for, with that signal in words. */
export function loadOf(signals: LoadSignals): Load {
  return (Object.keys(thresholds) as (keyof LoadSignals)[])
    .map((name): Load => {
      const value = signals[name];
      const level = thresholds[name].filter((threshold) => value >= threshold).length as LoadLevel;
      return { level, why: level === 0 ? "" : words[name](value) };
    })
    .reduce((worst, load) => (load.level > worst.level ? load : worst), calm);
}

/** One step down needs this long below the level: results must not flicker with the load. */
export const calmAfterMs = 10_000;

/** A level over time: it rises at once, and falls by one after `calmAfterMs` below it. */
export type LoadGauge = { note(load: Load, nowMs: number): Load };

/** A gauge that begins calm. Holds no clock. */
export function createLoadGauge(): LoadGauge {
  let held = calm;
  let sinceMs = Number.NEGATIVE_INFINITY;
  return {
    note(load, nowMs) {
      if (load.level >= held.level) {
        held = load;
        sinceMs = nowMs;
      } else if (nowMs - sinceMs >= calmAfterMs) {
        const level = (held.level - 1) as LoadLevel;
        held = level === 0 ? calm : { level, why: load.why === "" ? held.why : load.why };
        sinceMs = nowMs;
      }
      return held;
    },
  };
}

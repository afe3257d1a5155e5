import { type ProgressProfile, profileMarks, timeShare } from "./progress-profile.ts";

/** What is known of a step when its slot is granted, in milliseconds; 0: not known. */
export type StepExpectation = {
  /** From the grant to the end of the run, inputs and a model's load included. */
  readonly runMs: number;
  /** Encoding and storing the result after that. */
  readonly storeMs: number;
  readonly profile?: ProgressProfile | undefined;
};

/** How far a step is, 0 to 1, and the milliseconds that it still needs; -1 where not known. */
export type StepReading = { readonly fraction: number; readonly etaMs: number };

/** Follows one step from its grant to its end. Times are of one clock that never goes back. */
export type StepClock = {
  /** The run's own count, 0 to 1. Only what is more than before counts. */
  progress(fraction: number, nowMs: number): void;
  /** The run is over, its result is encoded and stored. */
  storing(nowMs: number): void;
  read(nowMs: number): StepReading;
  /** How the run's count went against its time; undefined where it counted too rarely, or before `storing`. */
  profile(): ProgressProfile | undefined;
};

/** Without an expectation the count of the run alone is believed from here on, and not within the first moments. */
const believedFraction = 0.1;
const believedMs = 300;
/** A run that takes this many times its expectation and shows nothing has an unknown end. */
const lostFactor = 3;
/** What has overrun its expectation is taken to need this share of its time more. */
const overrunShare = 0.05;
/** How fast a new estimate replaces the one before: within a twentieth of the whole, at least and at most so long. */
const smoothingShare = 0.05;
const minSmoothingMs = 100;
const maxSmoothingMs = 1_000;
/** The pace of what is done weighs as this power of it: at a quarter it weighs three fifths. */
const paceExponent = 0.35;
/** A first count says little of the pace: it is believed up to this many times the expectation. */
const firstCountFactor = 2;
/** A run that counted fewer times, as one of a few tiles does, says nothing of how its count goes with the time. */
const profileCounts = 8;
/** Where nothing is counted for a while, progress goes with the time, up to this part of what is estimated. */
const timedShare = 0.9;
/** The run's share of progress where the time to store is not known. */
const usualRunShare = 0.95;

/**
 * A clock that starts now. The end is estimated from the expected duration at first, and the more of the run is done, the more
 * from its own pace since it began to count (a geometric mean), smoothed.
 */
export function startStepClock({ runMs, storeMs, profile }: StepExpectation, startMs: number): StepClock {
  const isKnown = runMs > 0 && storeMs > 0;
  const runShare = isKnown ? Math.max(0.5, runMs / (runMs + storeMs)) : usualRunShare;
  const marks: (number | undefined)[] = profileMarks.map(() => undefined);
  let fraction = 0;
  let countedMs = startMs;
  let counts = 0;
  let shown = 0;
  let first: { readonly done: number; readonly atMs: number } | undefined;
  let storingMs: number | undefined;
  let smoothed: { readonly endMs: number; readonly atMs: number } | undefined;

  /** How long the whole run takes by its own pace; undefined before it has counted anything. */
  function pacedTotalMs(done: number): number | undefined {
    if (first === undefined || done <= 0) return undefined;
    const tookMs = countedMs - startMs;
    if (countedMs > first.atMs && done > first.done)
      return tookMs + ((1 - done) * (countedMs - first.atMs)) / (done - first.done);
    const totalMs = tookMs / done;
    return runMs > 0 ? Math.min(totalMs, firstCountFactor * runMs) : totalMs;
  }
  function runTotalMs(nowMs: number): number | undefined {
    const done = timeShare(profile, fraction);
    const pacedMs = pacedTotalMs(done);
    if (runMs <= 0) return fraction < believedFraction || nowMs - startMs < believedMs ? undefined : pacedMs;
    if (pacedMs === undefined) return nowMs - startMs > lostFactor * runMs ? undefined : runMs;
    const weight = done ** paceExponent;
    return runMs ** (1 - weight) * pacedMs ** weight;
  }
  /** The machine is as slow or fast for what follows as it is for the run, within a factor of two. */
  function storeTotalMs(runTookMs: number): number {
    return runMs > 0 ? storeMs * Math.min(2, Math.max(0.5, runTookMs / runMs)) : storeMs;
  }
  function rawLeftMs(nowMs: number): number | undefined {
    const isStoring = storingMs !== undefined;
    const sinceMs = storingMs ?? startMs;
    const totalMs = isStoring ? storeTotalMs(sinceMs - startMs) : runTotalMs(nowMs);
    if (totalMs === undefined || totalMs <= 0) return undefined;
    // What has not moved for several times as long as all of it was to take says nothing any more.
    if (nowMs - (storingMs ?? countedMs) > lostFactor * totalMs) return undefined;
    const leftMs = Math.max(totalMs - (nowMs - sinceMs), overrunShare * (nowMs - sinceMs));
    return isStoring ? leftMs : leftMs + storeTotalMs(totalMs);
  }

  /** By what was counted, or, where that is more, by the time that is over. */
  function fractionAt(nowMs: number, leftMs: number | undefined): number {
    const counted = storingMs === undefined ? runShare * timeShare(profile, fraction) : runShare;
    const tookMs = nowMs - startMs;
    // Without an expectation the time left comes from the count itself.
    if (leftMs === undefined || runMs <= 0 || tookMs <= 0) return counted;
    return Math.max(counted, (timedShare * tookMs) / (tookMs + leftMs));
  }

  return {
    progress(next, nowMs) {
      if (!(next > fraction) || storingMs !== undefined) return;
      fraction = Math.min(1, next);
      countedMs = nowMs;
      counts += 1;
      first ??= { done: timeShare(profile, fraction), atMs: nowMs };
      for (const [at, mark] of profileMarks.entries()) if (fraction >= mark) marks[at] ??= nowMs;
    },
    storing(nowMs) {
      storingMs ??= nowMs;
      // What is left is known better from here on.
      smoothed = undefined;
    },
    read(nowMs) {
      const rawMs = rawLeftMs(nowMs);
      shown = Math.max(shown, fractionAt(nowMs, rawMs));
      if (rawMs === undefined) {
        smoothed = undefined;
        return { fraction: shown, etaMs: -1 };
      }
      const rawEndMs = nowMs + rawMs;
      const wholeMs = nowMs - startMs + rawMs;
      const smoothingMs = Math.min(maxSmoothingMs, Math.max(minSmoothingMs, smoothingShare * wholeMs));
      const share = smoothed === undefined ? 1 : 1 - Math.exp(-(nowMs - smoothed.atMs) / smoothingMs);
      const mixedMs = smoothed === undefined ? rawEndMs : smoothed.endMs + share * (rawEndMs - smoothed.endMs);
      smoothed = { endMs: Math.min(Math.max(mixedMs, nowMs + rawMs / 2), nowMs + rawMs * 2), atMs: nowMs };
      return { fraction: shown, etaMs: Math.round(smoothed.endMs - nowMs) };
    },
    profile() {
      if (storingMs === undefined || storingMs <= startMs || counts < profileCounts) return undefined;
      const wholeMs = storingMs - startMs;
      const [begun, a, b, c] = marks.map((mark) => ((mark ?? (storingMs as number)) - startMs) / wholeMs);
      return [begun ?? 1, a ?? 1, b ?? 1, c ?? 1];
    },
  };
}

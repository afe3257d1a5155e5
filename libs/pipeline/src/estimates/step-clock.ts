import { type ProgressProfile, profileMarks, timeShare } from "./progress-profile.ts";
import { createSmoothedEnd } from "./smoothed-end.ts";

/** Expected durations of a step at the grant of its slot, in milliseconds; 0: unknown. */
export type StepExpectation = {
  /** From the grant to the end of the run, with the load of inputs and model. */
  readonly runMs: number;
  /** Encoding and storing the result after the run. */
  readonly storeMs: number;
  readonly profile?: ProgressProfile | undefined;
};

/** Progress of a step, 0 to 1, and the milliseconds that it still needs; -1 where unknown. */
export type StepReading = { readonly fraction: number; readonly etaMs: number };

/** Follows one step from its grant to its end. All times are of one monotonic clock. */
export type StepClock = {
  /** Takes the run's reported fraction, 0 to 1. A fraction that is not above the one before has no effect. */
  progress(fraction: number, nowMs: number): void;
  /** The run has ended; its result is encoded and stored from now on. */
  storing(nowMs: number): void;
  read(nowMs: number): StepReading;
  /** Profile of the run; undefined before `storing`, and where the run reported too rarely. */
  profile(): ProgressProfile | undefined;
};

/** Without an expectation, the reported fraction alone gives the estimate: from this fraction and after this time on. */
const trustedFraction = 0.1;
const trustedMs = 300;
/** A run that takes this many times its expectation without progress has an unknown end. */
const lostFactor = 3;
/** A run that has overrun its expectation is assumed to need this share of its time more. */
const overrunShare = 0.05;
/** The pace counts with this power of the fraction done: at a quarter it weighs three fifths. */
const paceExponent = 0.35;
/** The first reported fraction is a poor measure of the pace: it counts up to this many times the expectation. */
const firstReportFactor = 2;
/** A run with fewer reports, such as one of a few tiles, gives no profile. */
const leastReports = 8;
/** Between reports progress goes with the time, up to this share of the estimate. */
const timedShare = 0.9;
/** The run's share of progress where the time to store is unknown. */
const usualRunShare = 0.95;

/** The reports of a run so far. */
type Reports = {
  readonly startMs: number;
  fraction: number;
  lastMs: number;
  count: number;
  first: { readonly done: number; readonly atMs: number } | undefined;
};

/** Time of the whole run by its own pace; undefined before the first report. */
function pacedTotalMs({ startMs, lastMs, first }: Reports, done: number, expectedMs: number): number | undefined {
  if (first === undefined || done <= 0) return undefined;
  const tookMs = lastMs - startMs;
  if (lastMs > first.atMs && done > first.done)
    return tookMs + ((1 - done) * (lastMs - first.atMs)) / (done - first.done);
  const totalMs = tookMs / done;
  return expectedMs > 0 ? Math.min(totalMs, firstReportFactor * expectedMs) : totalMs;
}

/** Estimated time of the whole run: the geometric mean of expectation and pace, the pace weighing more the more is done. */
function runTotalMs(reports: Reports, done: number, expectedMs: number, nowMs: number): number | undefined {
  const { startMs, fraction } = reports;
  const pacedMs = pacedTotalMs(reports, done, expectedMs);
  if (expectedMs <= 0) return fraction < trustedFraction || nowMs - startMs < trustedMs ? undefined : pacedMs;
  if (pacedMs === undefined) return nowMs - startMs > lostFactor * expectedMs ? undefined : expectedMs;
  const weight = done ** paceExponent;
  return expectedMs ** (1 - weight) * pacedMs ** weight;
}

/** Starts a clock now. The estimated end follows from the expectation at first, then more and more from the run's own pace, smoothed. */
export function startStepClock({ runMs, storeMs, profile }: StepExpectation, startMs: number): StepClock {
  const runShare = runMs > 0 && storeMs > 0 ? Math.max(0.5, runMs / (runMs + storeMs)) : usualRunShare;
  const reports: Reports = { startMs, fraction: 0, lastMs: startMs, count: 0, first: undefined };
  const marks: (number | undefined)[] = profileMarks.map(() => undefined);
  const end = createSmoothedEnd(startMs);
  let shown = 0;
  let storingMs: number | undefined;

  /** The machine is as slow or fast for storing as it was for the run, within a factor of two. */
  function storeTotalMs(runTookMs: number): number {
    return runMs > 0 ? storeMs * Math.min(2, Math.max(0.5, runTookMs / runMs)) : storeMs;
  }

  function leftMs(nowMs: number): number | undefined {
    const isStoring = storingMs !== undefined;
    const sinceMs = storingMs ?? startMs;
    const totalMs = isStoring
      ? storeTotalMs(sinceMs - startMs)
      : runTotalMs(reports, timeShare(profile, reports.fraction), runMs, nowMs);
    if (totalMs === undefined || totalMs <= 0) return undefined;
    // Without progress for several times the whole estimate, the estimate is worth nothing.
    if (nowMs - (storingMs ?? reports.lastMs) > lostFactor * totalMs) return undefined;
    const phaseLeftMs = Math.max(totalMs - (nowMs - sinceMs), overrunShare * (nowMs - sinceMs));
    return isStoring ? phaseLeftMs : phaseLeftMs + storeTotalMs(totalMs);
  }

  /** Progress by the reports, or by the time that has passed, whichever is more. */
  function fractionAt(nowMs: number, remainingMs: number | undefined): number {
    const reported = storingMs === undefined ? runShare * timeShare(profile, reports.fraction) : runShare;
    const tookMs = nowMs - startMs;
    // Without an expectation the time left comes from the reports themselves.
    if (remainingMs === undefined || runMs <= 0 || tookMs <= 0) return reported;
    return Math.max(reported, (timedShare * tookMs) / (tookMs + remainingMs));
  }

  return {
    progress(next, nowMs) {
      if (!(next > reports.fraction) || storingMs !== undefined) return;
      reports.fraction = Math.min(1, next);
      reports.lastMs = nowMs;
      reports.count += 1;
      reports.first ??= { done: timeShare(profile, reports.fraction), atMs: nowMs };
      for (const [at, mark] of profileMarks.entries()) if (reports.fraction >= mark) marks[at] ??= nowMs;
    },
    storing(nowMs) {
      storingMs ??= nowMs;
      // The estimate is better from here on: it replaces the one before at once.
      end.reset();
    },
    read(nowMs) {
      const remainingMs = leftMs(nowMs);
      shown = Math.max(shown, fractionAt(nowMs, remainingMs));
      if (remainingMs !== undefined) return { fraction: shown, etaMs: Math.round(end.update(nowMs, remainingMs)) };
      end.reset();
      return { fraction: shown, etaMs: -1 };
    },
    profile() {
      if (storingMs === undefined || storingMs <= startMs || reports.count < leastReports) return undefined;
      const endMs = storingMs;
      const [begun, a, b, c] = marks.map((mark) => ((mark ?? endMs) - startMs) / (endMs - startMs));
      return [begun ?? 1, a ?? 1, b ?? 1, c ?? 1];
    },
  };
}

/** Milliseconds of some work: a fixed part, and a part for each megapixel that it takes in. */
export type CostCurve = { readonly startMs: number; readonly msPerMegapixel: number };

/** Measured durations of work, by what the work is and by the kind of device that did it. */
export type RateBook = {
  /** Notes that a run over so many megapixels took so long. What is not above 0 is ignored. */
  observe(key: RateKey, device: DeviceKind, megapixels: number, ms: number): void;
  /**
   * Milliseconds to expect for so many megapixels; 0 where nothing was observed. Without a device: on the kind that did this work
   * last.
   */
  expectedMs(key: RateKey, megapixels: number, device?: DeviceKind): number;
};

/** What is measured together: a name such as `upscale/realesrgan-x4/×4`, and how its cost is assumed to grow. */
export type RateKey = { readonly name: string; readonly curve: CostCurve };

/** On what work ran. */
export type DeviceKind = "cpu" | "gpu";

/** The weight of all earlier runs shrinks by this with each run: some ten runs count. */
const keptShare = 0.9;

/** More names than any mesh has models and effects in use; the longest unused one makes room. */
const maxEntries = 1_024;

/** A line is fitted from this many runs on, of sizes whose relative variance is at least this. */
const lineRuns = 3;
const lineVariance = 0.05;

/** A run that took this many times more or less than expected counts as that: a stalled machine is not a new speed. */
const outlierFactor = 4;

/** Sums of runs, each weighted by its age and by the inverse square of its assumed cost, so that relative errors count. */
type Sums = {
  readonly runs: number;
  readonly w: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  /** Runs by age alone, and the sum of their measured over their assumed costs. */
  readonly count: number;
  readonly ratio: number;
};

const nothing: Sums = { runs: 0, w: 0, x: 0, y: 0, xx: 0, xy: 0, count: 0, ratio: 0 };

/**
 * An empty rate book. For each name and device it fits `ms = a + b · megapixels` by least squares of the relative error, with a
 * and b not below 0. Until runs of different sizes are known, the assumed curve is scaled to the runs that are. Bounded; holds no
 * clock.
 */
export function createRateBook(): RateBook {
  const entries = new Map<string, Sums>();
  const lastDevice = new Map<string, DeviceKind>();

  function keep<T>(map: Map<string, T>, name: string, value: T): void {
    map.delete(name);
    map.set(name, value);
    const oldest = map.keys().next();
    if (map.size > maxEntries && !oldest.done) map.delete(oldest.value);
  }

  return {
    observe(key, device, megapixels, ms) {
      if (!(megapixels > 0 && ms > 0 && Number.isFinite(megapixels * ms))) return;
      const name = `${key.name}@${device}`;
      const before = entries.get(name) ?? nothing;
      keep(entries, name, addRun(before, key.curve, megapixels, ms));
      keep(lastDevice, key.name, device);
    },
    expectedMs(key, megapixels, device = lastDevice.get(key.name)) {
      const sums = entries.get(`${key.name}@${device}`);
      return sums === undefined || !(megapixels > 0) ? 0 : predict(sums, key.curve, megapixels);
    },
  };
}

function addRun(sums: Sums, curve: CostCurve, x: number, measuredMs: number): Sums {
  const assumedMs = costOn(curve, x);
  const expectedMs = predict(sums, curve, x);
  const y =
    sums.runs < lineRuns
      ? measuredMs
      : Math.min(Math.max(measuredMs, expectedMs / outlierFactor), expectedMs * outlierFactor);
  const w = 1 / assumedMs ** 2;
  return {
    runs: sums.runs + 1,
    w: sums.w * keptShare + w,
    x: sums.x * keptShare + w * x,
    y: sums.y * keptShare + w * y,
    xx: sums.xx * keptShare + w * x * x,
    xy: sums.xy * keptShare + w * x * y,
    count: sums.count * keptShare + 1,
    ratio: sums.ratio * keptShare + y / assumedMs,
  };
}

function predict({ runs, w, x, y, xx, xy, count, ratio }: Sums, curve: CostCurve, megapixels: number): number {
  if (runs === 0) return 0;
  const scaledMs = (ratio / count) * costOn(curve, megapixels);
  const determinant = w * xx - x * x;
  if (runs < lineRuns || determinant <= lineVariance * w * xx) return scaledMs;
  let perMegapixel = (w * xy - x * y) / determinant;
  let startMs = (y - perMegapixel * x) / w;
  if (perMegapixel < 0) [startMs, perMegapixel] = [y / w, 0];
  else if (startMs < 0) [startMs, perMegapixel] = [0, xy / xx];
  // Far from the sizes that were measured a line may say anything.
  return Math.min(Math.max(startMs + perMegapixel * megapixels, scaledMs / outlierFactor), scaledMs * outlierFactor);
}

function costOn({ startMs, msPerMegapixel }: CostCurve, megapixels: number): number {
  return startMs + msPerMegapixel * megapixels;
}

/** Milliseconds of work: a fixed part, and a part for each megapixel of input. */
export type CostCurve = { readonly startMs: number; readonly msPerMegapixel: number };

/** Measured durations of work, by its name and by the kind of device. */
export type MeasuredRates = {
  /** Records the duration of a run over `megapixels`. Numbers that are not above 0 are ignored. */
  observe(key: RateKey, device: DeviceKind, megapixels: number, ms: number): void;
  /**
   * Expected milliseconds for `megapixels`; 0 where no run was observed. Default device: the kind that did this work last.
   */
  expectedMs(key: RateKey, megapixels: number, device?: DeviceKind): number;
};

/** Work that is measured together: a name such as `upscale/realesrgan-x4/×4`, and the assumed cost curve. */
export type RateKey = { readonly name: string; readonly curve: CostCurve };

/** Kind of device that ran the work. */
export type DeviceKind = "cpu" | "gpu";

/** Each run multiplies the weight of all earlier ones by this: about ten runs count. */
const keptShare = 0.9;

/** Most names. More than a mesh has models and effects in use; beyond it, the least recently used name is removed. */
const maxEntries = 1_024;

/** A line is fitted from this number of runs on, if the relative variance of their sizes is at least `lineVariance`. */
const lineRuns = 3;
const lineVariance = 0.05;

/** A run counts with at most this many times its expectation, and at least with its inverse: a stalled machine is no new speed. */
const outlierFactor = 4;

/** Sums over runs, each weighted by its age and by the inverse square of its assumed cost, so that relative errors count. */
type Sums = {
  readonly runs: number;
  readonly w: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  /** Weighted by age alone: the number of runs, and the sum of measured cost divided by assumed cost. */
  readonly count: number;
  readonly ratio: number;
};

const nothing: Sums = { runs: 0, w: 0, x: 0, y: 0, xx: 0, xy: 0, count: 0, ratio: 0 };

/**
 * Creates empty rates. For each name and device they fit `ms = a + b · megapixels` by least squares of the relative error, with a
 * and b not below 0. Until runs of different sizes are known, the assumed curve is scaled to the known runs. Bounded; holds no clock.
 */
export function createMeasuredRates(): MeasuredRates {
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
  // A line may be far off for sizes that were never measured.
  return Math.min(Math.max(startMs + perMegapixel * megapixels, scaledMs / outlierFactor), scaledMs * outlierFactor);
}

function costOn({ startMs, msPerMegapixel }: CostCurve, megapixels: number): number {
  return startMs + msPerMegapixel * megapixels;
}

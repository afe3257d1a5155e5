import {
  createPace,
  createProfileBook,
  createRateBook,
  type DeviceKind,
  expectedStepMs,
  type RateKey,
  rateKeyOf,
  type StepReading,
  startStepClock,
} from "@pixelmesh/pipeline";
import { ImageFormat, type WorkItem } from "@pixelmesh/proto";

/** Where a step was admitted. `isCold`: its model is not loaded yet. */
export type StepPlace = { readonly deviceId: string; readonly isCold: boolean };

/** The clock of one step, from its grant on. Times are of one clock that never goes back. */
export type TimedStep = {
  progress(fraction: number, nowMs: number): void;
  /** The run is over. */
  storing(nowMs: number): void;
  read(nowMs: number): StepReading;
  /** The result is stored: what the step took is learned. */
  done(nowMs: number): void;
};

/** What this process has measured of its own steps. */
export type StepEstimates = { begin(item: WorkItem, place: StepPlace, nowMs: number): TimedStep };

/** How the time to encode and store is assumed to grow with the result. */
const storeCurve = { startMs: 10, msPerMegapixel: 60 };
/** Of a whole step's expectation, the share of its run. */
const usualRunShare = 0.9;

/** Nothing measured yet. Until a step of its kind was measured here, the expectation that came with the work serves. */
export function createStepEstimates(): StepEstimates {
  const rates = createRateBook();
  const profiles = createProfileBook();
  const pace = createPace();
  return {
    begin(item, { deviceId, isCold }, startMs) {
      const { step, inputs, expectedMs } = item;
      if (step?.operation === undefined) return startStepClockOnly(startMs);
      const device: DeviceKind = deviceId.startsWith("host-") ? "cpu" : "gpu";
      const runKey = rateKeyOf(step, isCold);
      const storeKey = storeKeyOf(item);
      const megapixels = ((inputs[0]?.widthPx ?? 0) * (inputs[0]?.heightPx ?? 0)) / 1e6 || 1;
      const resultMegapixels = megapixels * enlargement(item);
      const measuredMs = isCold
        ? rates.expectedMs(runKey, megapixels, device)
        : expectedStepMs(rates, step, megapixels, device);
      const givenMs = isCold ? 0 : expectedMs;
      const runMs = measuredMs || givenMs * usualRunShare;
      const storeMs = rates.expectedMs(storeKey, resultMegapixels, "cpu") || givenMs * (1 - usualRunShare);
      const slowness = pace.factor(startMs);
      const expected = { runMs: runMs * slowness, storeMs: storeMs * slowness };
      const clock = startStepClock({ ...expected, profile: profiles.find(runKey.name) }, startMs);
      let storingMs: number | undefined;
      return {
        progress: clock.progress,
        read: clock.read,
        storing(nowMs) {
          storingMs ??= nowMs;
          clock.storing(nowMs);
        },
        done(nowMs) {
          if (storingMs === undefined) return;
          pace.note(measuredMs, storingMs - startMs, nowMs);
          rates.observe(runKey, device, megapixels, storingMs - startMs);
          rates.observe(storeKey, "cpu", resultMegapixels, nowMs - storingMs);
          const profile = clock.profile();
          if (profile) profiles.note(runKey.name, profile);
        },
      };
    },
  };
}

function startStepClockOnly(startMs: number): TimedStep {
  return { ...startStepClock({ runMs: 0, storeMs: 0 }, startMs), done() {} };
}

/** Results are encoded on the processor, each format at its own speed. */
function storeKeyOf({ step, outputs, storeFrame }: WorkItem): RateKey {
  const formats = outputs.map(({ encoding }) => String(encoding?.format ?? ImageFormat.UNSPECIFIED));
  // Which format is chosen where the caller leaves it open depends on whether the result has alpha, as a cut-out has.
  const name = ["store", step?.operation?.$case, ...formats.sort(), ...(storeFrame ? ["frame"] : [])].join("/");
  return { name, curve: storeCurve };
}

/** How many pixels the result has for each of the picture's. */
function enlargement({ step, inputs }: WorkItem): number {
  const operation = step?.operation;
  if (operation?.$case !== "upscale") return 1;
  const { scale, target } = operation.value;
  if (scale > 0) return scale ** 2;
  const { widthPx = 0, heightPx = 0 } = inputs[0] ?? {};
  const side = Math.max((target?.widthPx ?? 0) / (widthPx || 1), (target?.heightPx ?? 0) / (heightPx || 1));
  return side > 0 ? side ** 2 : 4;
}

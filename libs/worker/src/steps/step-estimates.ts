import {
  createMachinePace,
  createMeasuredRates,
  createProgressProfiles,
  type DeviceKind,
  expectedStepMs,
  pixelRatio,
  type RateKey,
  rateKeyOf,
  type StepReading,
  startStepClock,
} from "@pixelmesh/pipeline";
import { ImageFormat, type WorkItem } from "@pixelmesh/proto";

/** The device on which a step was admitted. `isCold`: its model is not loaded yet. */
export type StepPlace = { readonly deviceId: string; readonly isCold: boolean };

/** Progress and remaining time of one step since its grant. All times are of one monotonic clock. */
export type TimedStep = {
  progress(fraction: number, nowMs: number): void;
  /** The run is over. */
  storing(nowMs: number): void;
  read(nowMs: number): StepReading;
  /** The result is stored: the measured durations are learned. */
  done(nowMs: number): void;
};

/** Estimates from the measured steps of this process. */
export type StepEstimates = { begin(item: WorkItem, place: StepPlace, nowMs: number): TimedStep };

/** Assumed time to encode and store, as a function of the result's size. */
const storeCurve = { startMs: 10, msPerMegapixel: 60 };
/** Share of the run in the expected time of a whole step. */
const usualRunShare = 0.9;

/** Creates empty estimates. Until a step of a kind was measured here, the expectation in the work item is used. */
export function createStepEstimates(): StepEstimates {
  const rates = createMeasuredRates();
  const profiles = createProgressProfiles();
  const pace = createMachinePace();
  return {
    begin(item, { deviceId, isCold }, startMs) {
      const { step, inputs, expectedMs } = item;
      if (step?.operation === undefined) return startStepClockOnly(startMs);
      const device: DeviceKind = deviceId.startsWith("host-") ? "cpu" : "gpu";
      const runKey = rateKeyOf(step, isCold);
      const storeKey = storeKeyOf(item);
      const megapixels = ((inputs[0]?.widthPx ?? 0) * (inputs[0]?.heightPx ?? 0)) / 1e6 || 1;
      const resultMegapixels = megapixels * pixelRatio(step.operation, inputs[0] ?? { widthPx: 0, heightPx: 0 });
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
          pace.observe(measuredMs, storingMs - startMs, nowMs);
          rates.observe(runKey, device, megapixels, storingMs - startMs);
          rates.observe(storeKey, "cpu", resultMegapixels, nowMs - storingMs);
          const profile = clock.profile();
          if (profile) profiles.observe(runKey.name, profile);
        },
      };
    },
  };
}

function startStepClockOnly(startMs: number): TimedStep {
  return { ...startStepClock({ runMs: 0, storeMs: 0 }, startMs), done() {} };
}

/** Rate key of encoding and storing, which is done on the processor; each format has its own rate. */
function storeKeyOf({ step, outputs, storeFrame }: WorkItem): RateKey {
  const formats = outputs.map(({ encoding }) => String(encoding?.format ?? ImageFormat.UNSPECIFIED));
  // The operation is part of the key: if the caller leaves the format open, it depends on alpha, which a cut-out has.
  const name = ["store", step?.operation?.$case, ...formats.sort(), ...(storeFrame ? ["frame"] : [])].join("/");
  return { name, curve: storeCurve };
}

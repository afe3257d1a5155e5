import type { PlannedStep, Step } from "@pixelmesh/proto";
import { modelOf, type Operation, type OperationCase, operationOf, operations } from "../operations/operations.ts";
import { pixelsOf } from "../values/sizes.ts";
import type { CostCurve, DeviceKind, RateBook, RateKey } from "./measured-rates.ts";

/**
 * What a step is taken to need when nothing was measured yet, as on two CPU cores (matting has a fixed model size, effects count
 * each). Weights of progress, not promises.
 */
const assumed: Readonly<Record<OperationCase, CostCurve>> = {
  prescale: { startMs: 5, msPerMegapixel: 15 },
  upscale: { startMs: 50, msPerMegapixel: 5000 },
  removeBackground: { startMs: 300, msPerMegapixel: 60 },
  replaceBackground: { startMs: 10, msPerMegapixel: 40 },
  applyEffects: { startMs: 10, msPerMegapixel: 60 },
};

/** Megapixels a planned step works on: those of the picture it takes in, as far as known; 1 where nothing is. */
export function stepMegapixels(planned: PlannedStep): number {
  const operation = planned.step?.operation;
  // Of an upscale to a size, twice the sides is as good a guess as any.
  const enlarged = operation?.$case === "upscale" ? operation.value.scale ** 2 || 4 : 1;
  return pixelsOf(planned) / enlarged / 1e6 || 1;
}

/** What a step is expected to cost in milliseconds, always above 0: its measured expectation, else the assumed one. */
export function expectedCost(planned: PlannedStep): number {
  if (planned.expectedMs > 0) return planned.expectedMs;
  if (planned.step === undefined) return 1;
  const { startMs, msPerMegapixel } = rateKeyOf(planned.step).curve;
  return startMs + msPerMegapixel * stepMegapixels(planned);
}

/**
 * Under which name a resolved step's duration is measured: its operation, and what of its parameters changes the speed. `isCold`:
 * its model has to be loaded first. Throws UNKNOWN_OPERATION as operationOf does.
 */
export function rateKeyOf(step: Step, isCold = false): RateKey {
  const operation = operationOf(step);
  const { name } = operations[operation.$case];
  const { startMs, msPerMegapixel } = assumed[operation.$case];
  const runs = operation.$case === "applyEffects" ? operation.value.effects.length : 1;
  return {
    name: [name, ...variantOf(operation), ...(isCold ? ["cold"] : [])].join("/"),
    curve: { startMs, msPerMegapixel: msPerMegapixel * Math.max(1, runs) },
  };
}

/**
 * Milliseconds to expect of a resolved step, 0 where nothing is known. A chain of effects that has not run yet costs the sum of
 * its effects, where each has run alone.
 */
export function expectedStepMs(
  rates: Pick<RateBook, "expectedMs">,
  step: Step,
  megapixels: number,
  device?: DeviceKind,
): number {
  const whole = rates.expectedMs(rateKeyOf(step), megapixels, device);
  const operation = operationOf(step);
  if (whole > 0 || operation.$case !== "applyEffects") return whole;
  const each = operation.value.effects.map((effect) => {
    const alone: Step = { ...step, operation: { $case: "applyEffects", value: { effects: [effect] } } };
    return rates.expectedMs(rateKeyOf(alone), megapixels, device);
  });
  return each.every((ms) => ms > 0) ? each.reduce((sum, ms) => sum + ms, 0) : 0;
}

function variantOf(operation: Operation): string[] {
  switch (operation.$case) {
    case "upscale": {
      const { scale, denoise, finishing } = operation.value;
      const runsPair = denoise !== undefined && denoise > 0 && denoise < 1;
      return [
        modelOf(operation),
        scale > 0 ? `×${scale}` : "size",
        ...(runsPair ? ["denoise"] : []),
        ...(finishing ? ["finishing"] : []),
      ];
    }
    case "removeBackground":
      return [modelOf(operation)];
    case "replaceBackground":
      return [operation.value.background?.$case ?? "none"];
    case "applyEffects":
      return [operation.value.effects.map(({ name }) => name).join("+")];
    default:
      return [];
  }
}

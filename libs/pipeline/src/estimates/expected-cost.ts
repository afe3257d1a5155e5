import type { PlannedStep, Step } from "@pixelmesh/proto";
import type { Operation, OperationCase, OperationOf } from "../operations/operation.ts";
import { operationOf, operations, pixelRatio } from "../operations/operations.ts";
import { pixelsOf, unknownSize } from "../values/sizes.ts";
import type { DeviceKind, MeasuredRates, RateKey } from "./measured-rates.ts";

/** Megapixels of the picture that a planned step takes in; 1 where they are unknown. */
export function stepMegapixels(planned: PlannedStep): number {
  const operation = planned.step?.operation;
  return pixelsOf(planned) / (operation ? pixelRatio(operation, unknownSize) : 1) / 1e6 || 1;
}

/** Expected cost of a step in milliseconds, always above 0: its measured expectation, else the assumed one. */
export function expectedCost(planned: PlannedStep): number {
  if (planned.expectedMs > 0) return planned.expectedMs;
  if (planned.step === undefined) return 1;
  const { startMs, msPerMegapixel } = rateKeyOf(planned.step).curve;
  return startMs + msPerMegapixel * stepMegapixels(planned);
}

/**
 * The name under which a resolved step's duration is measured: its operation, and the parameters that change its speed. `isCold`:
 * its model has to be loaded first. Throws UNKNOWN_OPERATION as operationOf does.
 */
export function rateKeyOf(step: Step, isCold = false): RateKey {
  return toRateKey(operationOf(step), isCold);
}

function toRateKey<C extends OperationCase>({ $case, value }: OperationOf<C>, isCold: boolean): RateKey {
  const { name, expectedCost } = operations[$case];
  const { startMs, msPerMegapixel } = expectedCost.curve;
  return {
    name: [name, ...expectedCost.variant(value), ...(isCold ? ["cold"] : [])].join("/"),
    curve: { startMs, msPerMegapixel: msPerMegapixel * expectedCost.runs(value) },
  };
}

/**
 * Expected milliseconds of a resolved step; 0 where nothing was measured. An operation that has not run yet costs the sum of its
 * parts, if each of them has run alone.
 */
export function expectedStepMs(
  rates: Pick<MeasuredRates, "expectedMs">,
  step: Step,
  megapixels: number,
  device?: DeviceKind,
): number {
  const whole = rates.expectedMs(rateKeyOf(step), megapixels, device);
  if (whole > 0) return whole;
  const parts = partsOf(operationOf(step)).map((part) => rates.expectedMs(toRateKey(part, false), megapixels, device));
  return parts.every((ms) => ms > 0) ? parts.reduce((sum, ms) => sum + ms, 0) : 0;
}

function partsOf<C extends OperationCase>({ $case, value }: OperationOf<C>): Operation[] {
  return operations[$case].expectedCost.parts(value).map((part) => ({ $case, value: part }) as Operation);
}

import type { PlannedStep } from "@pixelmesh/proto";
import { type OperationCase, operationOf } from "./operations.ts";
import { pixelsOf } from "./sizes.ts";

/**
 * Milliseconds a step is taken to need when nothing was measured yet: a start plus so much for each megapixel it takes
 * in, as on two CPU cores (matting has a fixed model size, effects count each). Weights of progress, not promises.
 */
const assumedMs: Readonly<Record<OperationCase, { readonly start: number; readonly perMegapixel: number }>> = {
  prescale: { start: 5, perMegapixel: 15 },
  upscale: { start: 50, perMegapixel: 5000 },
  removeBackground: { start: 300, perMegapixel: 60 },
  replaceBackground: { start: 10, perMegapixel: 40 },
  applyEffects: { start: 10, perMegapixel: 60 },
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
  const operation = operationOf(planned.step);
  const { start, perMegapixel } = assumedMs[operation.$case];
  const runs = operation.$case === "applyEffects" ? operation.value.effects.length : 1;
  return start + perMegapixel * stepMegapixels(planned) * runs;
}

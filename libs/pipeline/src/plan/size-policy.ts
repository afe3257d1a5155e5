import { AppError } from "@pixelmesh/errors";
import { type Input, Quality, type Step } from "@pixelmesh/proto";
import type { Catalogue } from "../operations/catalogue.ts";
import type { Operation } from "../operations/operation.ts";
import { inputsOf, operationOf, operations, pixelRatio, resultSize } from "../operations/operations.ts";
import { MAX_STEPS } from "../values/limits.ts";
import { type Bounds, fits, fitWithin, type Size, unknownSize } from "../values/sizes.ts";

/** Bounds of a picture that enters an upscale. */
export type AiBounds = Bounds;

/** The bounds of a quality: none for HIGH and AUTO, 2 megapixels and 2048 px for BALANCED, 1024 px for FAST. */
export function aiBounds(quality: Quality): AiBounds {
  if (quality === Quality.BALANCED) return { maxSidePx: 2048, maxPixels: 2_000_000 };
  if (quality === Quality.FAST) return { maxSidePx: 1024, maxPixels: 0 };
  return { maxSidePx: 0, maxPixels: 0 };
}

/** Size of a picture between two steps, and whether it has been enlarged. */
type Picture = { readonly size: Size; readonly isEnlarged: boolean };

/**
 * Inserts a prescale step before the first enlarging step of every path whose picture is larger than the bounds: one for each such
 * picture and bound. The result is never smaller than the picture was: where the bounds would make it smaller, the picture is shrunk
 * less, or not at all. Cut-outs take the picture as it is, because their models see a small copy anyway. Steps are resolved and in
 * topological order, before and after. Throws INVALID_PIPELINE if the plan grows past MAX_STEPS.
 */
export function applySizePolicy(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  bounds: AiBounds,
  effects: Catalogue["effects"],
): readonly Step[] {
  const planned = insertPrescales(steps, sourceSizes, bounds, effects);
  // Some operations need two pictures of one size. If shrinking would break such a pair, nothing is shrunk.
  if (
    planned.length > steps.length &&
    countMismatches(planned, sourceSizes, effects) > countMismatches(steps, sourceSizes, effects)
  )
    return steps;
  assertLength(planned.length, steps.length);
  return planned;
}

function insertPrescales(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  bounds: AiBounds,
  effects: Catalogue["effects"],
): readonly Step[] {
  const pictures = new Map<string, Picture>();
  for (const [name, size] of sourceSizes) pictures.set(`upload:${name}`, { size, isEnlarged: false });
  const prescales = new Map<string, Step>();
  const ids = new Set(steps.map((step) => step.id));
  const planned: Step[] = [];

  for (const step of steps) {
    const operation = operationOf(step);
    const { enlarges } = operations[operation.$case];
    const taken = step.inputs.map((input) => pictures.get(keyOf(input)) ?? { size: unknownSize, isEnlarged: false });
    const isEnlarged = taken.some((picture) => picture.isEnlarged);
    let size = taken[0]?.size ?? unknownSize;
    let { inputs } = step;
    const tight = enlarges && !isEnlarged ? tightestBounds(operation, size, bounds, effects) : undefined;
    if (tight) {
      const key = `${step.inputs.map(keyOf).join()} ${tight.maxSidePx} ${tight.maxPixels}`;
      const prescale = prescales.get(key) ?? prescaleStep(freeId(ids), step.inputs, tight);
      if (!prescales.has(key)) planned.push(prescale);
      prescales.set(key, prescale);
      ids.add(prescale.id);
      inputs = [fromStep(prescale)];
      size = fitWithin(size, tight);
    }
    pictures.set(`step:${step.id}`, { size: resultSize(operation, size, effects), isEnlarged: isEnlarged || enlarges });
    planned.push({ ...step, inputs });
  }
  return planned;
}

/** The bounds nearest to `wanted` at which the result is not smaller than the picture; undefined where nothing is to be shrunk. */
function tightestBounds(
  operation: Operation,
  picture: Size,
  wanted: AiBounds,
  effects: Catalogue["effects"],
): AiBounds | undefined {
  if (fits(picture, wanted)) return undefined;
  const isLargeEnough = (bounds: AiBounds) => {
    const { widthPx, heightPx } = resultSize(operation, fitWithin(picture, bounds), effects);
    return widthPx >= picture.widthPx && heightPx >= picture.heightPx;
  };
  if (isLargeEnough(wanted)) return wanted;
  const longestPx = Math.max(picture.widthPx, picture.heightPx);
  const scale = Math.sqrt(pixelRatio(operation, picture));
  // The shorter side is rounded: it may take a little more than the longest side divided by the scale.
  for (let maxSidePx = Math.ceil(longestPx / scale); maxSidePx < longestPx; maxSidePx++) {
    const bounds = { maxSidePx, maxPixels: 0 };
    if (isLargeEnough(bounds)) return bounds;
  }
  return undefined;
}

/** Counts the inputs that should have the size of their step's first input, and are known to have another size. */
function countMismatches(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  effects: Catalogue["effects"],
): number {
  const sizes = new Map([...sourceSizes].map(([name, size]) => [`upload:${name}`, size]));
  let mismatches = 0;
  for (const step of steps) {
    const operation = operationOf(step);
    const taken = step.inputs.map((input) => sizes.get(keyOf(input)) ?? unknownSize);
    const first = taken[0] ?? unknownSize;
    for (const [index, { isSizeOfFirst }] of inputsOf(operation).entries())
      if (isSizeOfFirst && areKnownToDiffer(first, taken[index] ?? unknownSize)) mismatches++;
    sizes.set(`step:${step.id}`, resultSize(operation, first, effects));
  }
  return mismatches;
}

function areKnownToDiffer(one: Size, other: Size): boolean {
  const areKnown = one.widthPx > 0 && other.widthPx > 0;
  return areKnown && (one.widthPx !== other.widthPx || one.heightPx !== other.heightPx);
}

function prescaleStep(id: string, inputs: Input[], bounds: AiBounds): Step {
  return { id, inputs, operation: { $case: "prescale", value: { ...bounds } } };
}

function freeId(taken: ReadonlySet<string>): string {
  let id = "prescale";
  for (let number = 2; taken.has(id); number++) id = `prescale-${number}`;
  return id;
}

function keyOf({ from }: Input): string {
  return from ? `${from.$case}:${from.value}` : "";
}

function fromStep({ id }: Step): Input {
  return { from: { $case: "step", value: id } };
}

function assertLength(planned: number, asked: number): void {
  if (planned <= MAX_STEPS || planned === asked) return;
  const message = `With the prescale steps of its quality the pipeline has ${planned} steps, of at most ${MAX_STEPS}`;
  throw new AppError("INVALID_PIPELINE", message);
}

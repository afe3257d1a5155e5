import { AppError } from "@pixelmesh/errors";
import { type Input, Quality, type Step, type UpscaleOperation } from "@pixelmesh/proto";
import { operationOf } from "../operations/operations.ts";
import { resultSize } from "../operations/result-size.ts";
import { upscaledSize } from "../operations/upscale-size.ts";
import { MAX_STEPS } from "../values/limits.ts";
import { type Bounds, fits, fitWithin, type Size, unknownSize } from "../values/sizes.ts";

/** How large a picture may be when it enters an upscale. */
export type AiBounds = Bounds;

/** The bounds of a quality: none for HIGH and AUTO, 2 megapixels and 2048 px for BALANCED, 1024 px for FAST. */
export function aiBounds(quality: Quality): AiBounds {
  if (quality === Quality.BALANCED) return { maxSidePx: 2048, maxPixels: 2_000_000 };
  if (quality === Quality.FAST) return { maxSidePx: 1024, maxPixels: 0 };
  return { maxSidePx: 0, maxPixels: 0 };
}

/** A picture on its way: its size, and whether an upscale has made it. */
type Picture = { readonly size: Size; readonly isUpscaled: boolean };

/**
 * Puts a prescale step before the first upscale of every path whose picture is larger than the bounds, one for each such picture
 * and bound. The result is never smaller than the picture was: where the bounds would make it so, the picture is shrunk less, or not at
 * all. Cut-outs take the picture as it is, because their models see a small copy anyway. Steps are resolved and in topological
 * order, before and after. Throws INVALID_PIPELINE if the plan grows past MAX_STEPS.
 */
export function applySizePolicy(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  bounds: AiBounds,
): readonly Step[] {
  const planned = shrinkUpscales(steps, sourceSizes, bounds);
  // A blurred background needs its original in the size of its cut-out: rather nothing is shrunk than one of the two.
  if (planned.length > steps.length && countMismatches(planned, sourceSizes) > countMismatches(steps, sourceSizes))
    return steps;
  assertLength(planned.length, steps.length);
  return planned;
}

function shrinkUpscales(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  bounds: AiBounds,
): readonly Step[] {
  const pictures = new Map<string, Picture>();
  for (const [name, size] of sourceSizes) pictures.set(`upload:${name}`, { size, isUpscaled: false });
  const prescales = new Map<string, Step>();
  const ids = new Set(steps.map((step) => step.id));
  const planned: Step[] = [];

  for (const step of steps) {
    const operation = operationOf(step);
    const taken = step.inputs.map((input) => pictures.get(keyOf(input)) ?? { size: unknownSize, isUpscaled: false });
    const isUpscaled = taken.some((picture) => picture.isUpscaled);
    let size = taken[0]?.size ?? unknownSize;
    let { inputs } = step;
    const tight =
      operation.$case === "upscale" && !isUpscaled ? tightestBounds(operation.value, size, bounds) : undefined;
    if (tight) {
      const key = `${step.inputs.map(keyOf).join()} ${tight.maxSidePx} ${tight.maxPixels}`;
      const prescale = prescales.get(key) ?? prescaleStep(freeId(ids), step.inputs, tight);
      if (!prescales.has(key)) planned.push(prescale);
      prescales.set(key, prescale);
      ids.add(prescale.id);
      inputs = [fromStep(prescale)];
      size = fitWithin(size, tight);
    }
    pictures.set(`step:${step.id}`, {
      size: resultSize(operation, size),
      isUpscaled: isUpscaled || operation.$case === "upscale",
    });
    planned.push({ ...step, inputs });
  }
  return planned;
}

/** The bounds nearest to those wanted by which the result is not smaller than the picture; undefined where nothing is to be shrunk. */
function tightestBounds(operation: UpscaleOperation, picture: Size, wanted: AiBounds): AiBounds | undefined {
  if (fits(picture, wanted)) return undefined;
  const isLargeEnough = (bounds: AiBounds) => {
    const { widthPx, heightPx } = upscaledSize(operation, fitWithin(picture, bounds), 1);
    return widthPx >= picture.widthPx && heightPx >= picture.heightPx;
  };
  if (isLargeEnough(wanted)) return wanted;
  const longestPx = Math.max(picture.widthPx, picture.heightPx);
  // Rounding of the shorter side decides how much more than this it takes.
  for (let maxSidePx = Math.ceil(longestPx / (operation.scale || 1)); maxSidePx < longestPx; maxSidePx++) {
    const bounds = { maxSidePx, maxPixels: 0 };
    if (isLargeEnough(bounds)) return bounds;
  }
  return undefined;
}

/** Blurred backgrounds whose two pictures have known sizes that differ. */
function countMismatches(steps: readonly Step[], sourceSizes: ReadonlyMap<string, Size>): number {
  const sizes = new Map([...sourceSizes].map(([name, size]) => [`upload:${name}`, size]));
  let mismatches = 0;
  for (const step of steps) {
    const [first = unknownSize, second = unknownSize] = step.inputs.map(
      (input) => sizes.get(keyOf(input)) ?? unknownSize,
    );
    const isKnown = first.widthPx > 0 && second.widthPx > 0;
    const isAlike = first.widthPx === second.widthPx && first.heightPx === second.heightPx;
    if (isBlurredBackground(step) && isKnown && !isAlike) mismatches++;
    sizes.set(`step:${step.id}`, resultSize(operationOf(step), first));
  }
  return mismatches;
}

function isBlurredBackground({ operation }: Step): boolean {
  return operation?.$case === "replaceBackground" && operation.value.background?.$case === "blurSigmaPx";
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

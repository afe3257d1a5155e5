import { AppError } from "@pixelmesh/errors";
import { type Input, Quality, type Step } from "@pixelmesh/proto";
import { MAX_STEPS } from "./limits.ts";
import { operationOf, operations } from "./operations.ts";
import { resultSize } from "./result-size.ts";
import { type Bounds, fits, type Size, unknownSize } from "./sizes.ts";

/** How large a picture may be when it enters a step that runs a model. */
export type AiBounds = Bounds;

/** The bounds of a quality: none for HIGH and AUTO, 2 megapixels and 2048 px for BALANCED, 1024 px for FAST. */
export function aiBounds(quality: Quality): AiBounds {
  if (quality === Quality.BALANCED) return { maxSidePx: 2048, maxPixels: 2_000_000 };
  if (quality === Quality.FAST) return { maxSidePx: 1024, maxPixels: 0 };
  return { maxSidePx: 0, maxPixels: 0 };
}

// What is known of a picture on its way. `shrunk` holds the keys of the pictures that were shrunk to get to it.
type Picture = { readonly size: Size; readonly pastModel: boolean; readonly shrunk: readonly string[] };

/**
 * Puts a prescale step before the first model step of every path whose picture is larger than the bounds, one for each
 * such picture. Steps are resolved and in topological order, before and after. The original behind a blurred background
 * is shrunk with its cut-out, so that the two stay alike. Throws INVALID_PIPELINE if the plan grows past MAX_STEPS.
 */
export function applySizePolicy(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  bounds: AiBounds,
): readonly Step[] {
  const pictures = new Map<string, Picture>();
  for (const [name, size] of sourceSizes) pictures.set(`upload:${name}`, { size, pastModel: false, shrunk: [] });
  const prescales = new Map<string, Step>();
  const ids = new Set(steps.map((step) => step.id));
  const planned: Step[] = [];

  for (const step of steps) {
    const operation = operationOf(step);
    const { usesModel } = operations[operation.$case];
    const keys = step.inputs.map(keyOf);
    const taken = keys.map((key) => pictures.get(key) ?? { size: unknownSize, pastModel: false, shrunk: [] });
    const shrunk = new Set(taken.flatMap((picture) => picture.shrunk));
    let inputs = step.inputs;
    for (const [index, picture] of taken.entries()) {
      const key = keys[index] ?? "";
      if (usesModel && !picture.pastModel && !fits(picture.size, bounds)) {
        if (!prescales.has(key)) {
          const prescale = prescaleStep(freeId(ids), step.inputs, bounds);
          ids.add(prescale.id);
          prescales.set(key, prescale);
          planned.push(prescale);
        }
        shrunk.add(key);
      }
      const isOriginal = index === 1 && isBlurredBackground(step) && shrunk.has(key);
      const prescale = prescales.get(key);
      if (prescale && (isOriginal || (usesModel && shrunk.has(key)))) inputs = inputs.with(index, fromStep(prescale));
    }
    pictures.set(`step:${step.id}`, {
      size: resultSize(operation, taken[0]?.size ?? unknownSize),
      pastModel: usesModel || taken.some((picture) => picture.pastModel),
      shrunk: [...shrunk],
    });
    planned.push({ ...step, inputs });
  }
  assertLength(planned.length, steps.length);
  return planned;
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

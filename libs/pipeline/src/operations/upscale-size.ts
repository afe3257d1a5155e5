import { expected } from "@pixelmesh/errors";
import type { Model, UpscaleOperation } from "@pixelmesh/proto";
import type { Size } from "../values/sizes.ts";

/**
 * Size of an upscaled picture. `modelScale` counts where the operation has neither target nor scale. A target keeps the picture's
 * shape; each side is rounded.
 */
export function upscaledSize({ scale: asked, target }: UpscaleOperation, input: Size, modelScale: number): Size {
  const { widthPx, heightPx } = input;
  if (!target) {
    const scale = asked || modelScale;
    return { widthPx: widthPx * scale, heightPx: heightPx * scale };
  }
  if (widthPx === 0 || heightPx === 0) return input;
  const factor = targetFactor(target, input);
  return { widthPx: Math.round(widthPx * factor), heightPx: Math.round(heightPx * factor) };
}

/** Factor by which a picture is enlarged; undefined where the model decides it, or the size is unknown. */
export function upscaleFactor({ scale, target }: UpscaleOperation, input: Size): number | undefined {
  if (scale !== 0) return scale;
  return target && input.widthPx > 0 && input.heightPx > 0 ? targetFactor(target, input) : undefined;
}

/** Checks that a target is larger than the picture; prescale is for smaller results. Throws INVALID_ARGUMENT. */
export function assertEnlarges(operation: UpscaleOperation, input: Size, path: string): void {
  const factor = upscaleFactor(operation, input);
  if (factor === undefined || factor > 1) return;
  const field = operation.target?.widthPx ? "width_px" : "height_px";
  const picture = `${input.widthPx}x${input.heightPx}`;
  const got = operation.target?.widthPx || operation.target?.heightPx || 0;
  throw expected(`${path}.target.${field}`, `larger than the picture of ${picture}`, got);
}

/** The scale with the smallest ratio to `factor`; of two equal ratios the larger scale. Undefined where there are no scales. */
export function nearestScale(scales: Iterable<number>, factor: number): number | undefined {
  const distance = (scale: number) => Math.abs(Math.log(scale / factor));
  return [...new Set(scales)].sort((a, b) => distance(a) - distance(b) || b - a)[0];
}

/**
 * Name of the model that `model` is mixed with for a denoise strength; undefined where the operation has no strength. Throws
 * INVALID_ARGUMENT where the model has no pair.
 */
export function denoisePair(
  { denoise }: UpscaleOperation,
  model: Pick<Model, "name" | "denoisePair">,
  path: string,
): string | undefined {
  if (denoise === undefined) return undefined;
  if (model.denoisePair !== "") return model.denoisePair;
  throw expected(`${path}.denoise`, `left out, because model \`${model.name}\` has no pair to mix it with`, denoise);
}

function targetFactor(target: { readonly widthPx: number; readonly heightPx: number }, input: Size): number {
  const byWidth = target.widthPx === 0 ? Number.POSITIVE_INFINITY : target.widthPx / input.widthPx;
  const byHeight = target.heightPx === 0 ? Number.POSITIVE_INFINITY : target.heightPx / input.heightPx;
  return Math.min(byWidth, byHeight);
}

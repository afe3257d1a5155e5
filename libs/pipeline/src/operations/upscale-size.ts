import { expected } from "@pixelmesh/errors";
import type { Model, UpscaleOperation } from "@pixelmesh/proto";
import { MAX_SIDE_PX } from "../values/limits.ts";
import type { Size } from "../values/sizes.ts";

/** Checks an upscale operation's numbers against their ranges. `path` is the operation's in the request. Throws INVALID_ARGUMENT. */
export function assertUpscale({ scale, target, denoise, finishing }: UpscaleOperation, path: string): void {
  if (scale !== 0 && !isBetween(scale, 2, 4)) {
    throw expected(`${path}.scale`, "2, 3 or 4, or 0 for the target's or the model's own scale", scale);
  }
  if (target) {
    const { widthPx, heightPx } = target;
    for (const [name, side] of [["width_px", widthPx] as const, ["height_px", heightPx] as const]) {
      if (side === 0 || (Number.isInteger(side) && isBetween(side, 1, MAX_SIDE_PX))) continue;
      throw expected(`${path}.target.${name}`, `an integer from 1 to ${MAX_SIDE_PX}, or 0`, side);
    }
    if (widthPx === 0 && heightPx === 0) throw expected(`${path}.target`, "a width, a height or both", "neither");
    if (scale !== 0) throw expected(`${path}.scale`, "0 beside a target", scale);
  }
  if (denoise !== undefined && !isBetween(denoise, 0, 1))
    throw expected(`${path}.denoise`, "a number from 0 to 1", denoise);
  if (finishing && !isBetween(finishing.sharpen, 0, 1)) {
    throw expected(`${path}.finishing.sharpen`, "a number from 0 to 1", finishing.sharpen);
  }
  if (finishing && !isBetween(finishing.contrast, 0, 0.5)) {
    throw expected(`${path}.finishing.contrast`, "a number from 0 to 0.5", finishing.contrast);
  }
}

/**
 * The size that an upscale makes of a picture; `scale` is what counts where the operation has neither target nor scale. A
 * target keeps the picture's shape, each side rounded, at least as large as the picture's.
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

/** By how much a picture is to be enlarged; undefined where the operation leaves that to the model, or the size is not known. */
export function upscaleFactor({ scale, target }: UpscaleOperation, input: Size): number | undefined {
  if (scale !== 0) return scale;
  return target && input.widthPx > 0 && input.heightPx > 0 ? targetFactor(target, input) : undefined;
}

/** Throws INVALID_ARGUMENT where a target is not larger than the picture: that is prescale's to do. */
export function assertEnlarges(operation: UpscaleOperation, input: Size, path: string): void {
  const factor = upscaleFactor(operation, input);
  if (factor === undefined || factor > 1) return;
  const field = operation.target?.widthPx ? "width_px" : "height_px";
  const picture = `${input.widthPx}x${input.heightPx}`;
  const got = operation.target?.widthPx || operation.target?.heightPx || 0;
  throw expected(`${path}.target.${field}`, `larger than the picture of ${picture}`, got);
}

/** The scale that needs least resizing afterwards to reach `factor`, by ratio; of two as near the larger. Undefined where there is none. */
export function nearestScale(scales: Iterable<number>, factor: number): number | undefined {
  const away = (scale: number) => Math.abs(Math.log(scale / factor));
  return [...new Set(scales)].sort((a, b) => away(a) - away(b) || b - a)[0];
}

/**
 * The model that a denoise strength is mixed with; undefined where none is asked for. Throws INVALID_ARGUMENT where the
 * model has no pair.
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

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

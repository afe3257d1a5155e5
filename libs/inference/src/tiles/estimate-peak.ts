import type { ModelEntry } from "../models/manifest.ts";
import { planTiles } from "./plan-tiles.ts";

/** What a host process holds beside its models, as measured: Node and ONNX Runtime 38 MiB, pixels on their way. */
const emptyHostBytes = 52 * 2 ** 20;

/**
 * The anonymous memory of a host at its peak while it runs tiles of this picture with this model, by the manifest's
 * figures: a first guess for admission, until it has been measured. `tilePx` is the largest tile, as `planTiles` has it.
 */
export function estimatePeakBytes(
  model: Pick<ModelEntry, "memory" | "haloPx" | "sizeMultiple" | "input">,
  picture: { readonly widthPx: number; readonly heightPx: number },
  tilePx: number,
): number {
  const size = model.input.fixedSizePx;
  const { haloPx, sizeMultiple } = model;
  const plan = planTiles({ ...picture, tilePx, haloPx, sizeMultiple });
  const pixels = size ? size.widthPx * size.heightPx : plan.tileWidthPx * plan.tileHeightPx;
  return emptyHostBytes + model.memory.residentBytes + model.memory.bytesPerInputPixel * pixels;
}

import type { ModelEntry } from "../models/manifest.ts";
import { planTiles } from "./plan-tiles.ts";

/** Measured memory of a host process without models: 38 MiB for Node and ONNX Runtime, the rest for pixels in transit. */
const emptyHostBytes = 52 * 2 ** 20;

/**
 * Estimates the peak of a host's anonymous memory while it runs tiles of this picture, from the manifest's figures. Admission
 * uses it until a peak has been measured. `tilePx` is the largest tile, as in `TileRules`.
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

import { type AvailableModel, estimatePeakBytes } from "@pixelmesh/inference";
import type { SlotOption } from "@pixelmesh/proto";

/** Size of the picture to enlarge; `channels` 0 where it is not known. */
type Picture = { readonly widthPx: number; readonly heightPx: number; readonly channels: number };

/**
 * The ways to do an upscale, largest tile first, each with the memory it takes at its peak: the host's by the model's
 * estimate, and, where the device `holdsFrames` (a machine's memory), the frames that the service holds meanwhile. A tile larger than the picture is listed once.
 */
export function upscaleOptions(
  model: AvailableModel,
  picture: Picture,
  on: { readonly computeTokens: number; readonly holdsFrames: boolean },
): SlotOption[] {
  const longest = Math.max(picture.widthPx, picture.heightPx);
  const tiles = [...model.preferredTilesPx].sort((a, b) => b - a);
  const distinct = tiles.filter((tilePx, at) => tilePx < longest || (tiles[at + 1] ?? 0) < longest);
  return distinct.map((tilePx) => ({
    tilePx,
    batch: 1,
    peakBytes: estimatePeakBytes(model, picture, tilePx) + (on.holdsFrames ? frameBytes(model, picture) : 0),
    computeTokens: on.computeTokens,
  }));
}

/** What the service itself holds while a picture is enlarged: the picture, the result, and the result's parts. */
export function frameBytes({ scale }: Pick<AvailableModel, "scale">, { widthPx, heightPx, channels }: Picture): number {
  return widthPx * heightPx * (channels || 4) * (1 + 2 * scale ** 2);
}

import { type AvailableModel, estimatePeakBytes, planTiles } from "@pixelmesh/inference";
import type { Size } from "@pixelmesh/pipeline";
import type { StepOption } from "@pixelmesh/worker";
import type { UpscaleChoice } from "./choose.ts";

/** Size of the picture to enlarge; `channels` 0 if unknown. */
type Picture = Size & { readonly channels: number };

/** Results of more pixels are made in little memory: they take long, and more memory would only add speed. */
const largePixels = 40_000_000;
const largeBytes = 512 * 2 ** 20;

/** Memory for decoding, scattered rows and the runtime of the service. */
const serviceOverheadBytes = 24 * 2 ** 20;

/** Returns the bytes that the service itself holds while a picture is enlarged with tiles of `tilePx`. */
export function serviceBytes(
  { model, target }: Pick<UpscaleChoice, "model" | "target">,
  picture: Picture,
  tilePx: number,
  maxFrameBytes: number,
): number {
  const { scale } = model;
  const channels = picture.channels || 4;
  const enlarged = { widthPx: picture.widthPx * scale, heightPx: picture.heightPx * scale };
  const held = ({ widthPx, heightPx }: Size) => {
    const bytes = widthPx * heightPx * channels;
    return bytes <= maxFrameBytes ? bytes : 0;
  };
  const { tileWidthPx, tileHeightPx } = planTiles({ ...picture, ...model, tilePx });
  const strip = enlarged.widthPx * tileHeightPx * scale * channels;
  const tiles = 2 * tileWidthPx * tileHeightPx * channels * (1 + scale ** 2);
  // Rows of floats for the means, and result rows that wait for them.
  const means = picture.widthPx * channels * (500 * 4 + 56 * scale ** 2);
  const middle = target.widthPx === enlarged.widthPx ? 0 : held(enlarged);
  return serviceOverheadBytes + held(picture) + held(target) + middle + strip + tiles + means;
}

/**
 * Returns the options of an upscale, largest tile first, each with its peak memory: the host's by the models' estimates and, if
 * the device `holdsFrames` (a machine's memory), the service's own. Of sizes that give the same tiles only the smallest is
 * listed. For large results only tiles that need little memory are listed, or the smallest one.
 */
export function upscaleOptions(
  choice: Pick<UpscaleChoice, "model" | "blend" | "target">,
  picture: Picture,
  on: { readonly computeTokens: number; readonly holdsFrames: boolean; readonly maxFrameBytes: number },
): StepOption[] {
  const { model, blend } = choice;
  const tiles = [...model.preferredTilesPx].sort((a, b) => b - a);
  const distinct = new Map(
    tiles.map((tilePx) => {
      const { tileWidthPx, tileHeightPx } = planTiles({ ...picture, ...model, tilePx });
      return [`${tileWidthPx}x${tileHeightPx}`, tilePx];
    }),
  );
  const options = [...distinct.values()].map((tilePx) => {
    const hostBytes = estimateHost(model, blend?.model, picture, tilePx);
    const ownBytes = serviceBytes(choice, picture, tilePx, on.maxFrameBytes);
    return { tilePx, hostBytes, ownBytes };
  });
  const enlargedPixels = picture.widthPx * picture.heightPx * model.scale ** 2;
  const bounded = options.filter(({ hostBytes, ownBytes }) => hostBytes + ownBytes <= largeBytes);
  const wanted = enlargedPixels <= largePixels ? options : bounded.length > 0 ? bounded : options.slice(-1);
  return wanted.map(({ tilePx, hostBytes, ownBytes }) => ({
    tilePx,
    batch: 1,
    peakBytes: hostBytes + (on.holdsFrames ? ownBytes : 0),
    computeTokens: on.computeTokens,
  }));
}

/** Whether a picture is enlarged in one run of the model. */
export function isOneTile(model: AvailableModel, picture: Size, tilePx: number): boolean {
  return planTiles({ ...picture, ...model, tilePx }).count === 1;
}

function estimateHost(
  model: AvailableModel,
  second: AvailableModel | undefined,
  picture: Size,
  tilePx: number,
): number {
  const peakBytes = estimatePeakBytes(model, picture, tilePx);
  if (second === undefined) return peakBytes;
  return Math.max(
    peakBytes + second.memory.residentBytes,
    estimatePeakBytes(second, picture, tilePx) + model.memory.residentBytes,
  );
}

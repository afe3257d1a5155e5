import type { Frame } from "@pixelmesh/imaging";

/** Agreement of a cut-out with a hand-drawn mask, over the pixels where the mask is certain. */
export type MatteAgreement = {
  /** Intersection over union of the object pixels; alpha counts as object from 0.5. */
  readonly iou: number;
  /** Mean absolute difference of alpha, 0 to 1. */
  readonly meanError: number;
};

const isUncertain = 128;
const isObject = 255;

/**
 * Compares alpha (0 to 1, one value a pixel) with a mask whose first channel is 0 for background, 255 for the object and
 * 128 for pixels to skip. Throws RangeError for another number of values, or a mask without an object.
 */
export function compareMatte(alpha: Float32Array | Float64Array, mask: Frame): MatteAgreement {
  const pixels = mask.widthPx * mask.heightPx;
  if (alpha.length !== pixels) throw new RangeError(`Expected ${pixels} values of alpha, got ${alpha.length}`);
  let [both, either, objects, error, counted] = [0, 0, 0, 0, 0];
  for (let at = 0; at < pixels; at++) {
    const truth = mask.data[at * mask.channels] as number;
    if (truth === isUncertain) continue;
    const found = alpha[at] as number;
    if (truth === isObject) objects++;
    if (truth === isObject && found >= 0.5) both++;
    if (truth === isObject || found >= 0.5) either++;
    error += Math.abs(found - truth / 255);
    counted++;
  }
  if (objects === 0) throw new RangeError("Expected a mask with an object, got none");
  return { iou: both / either, meanError: error / counted };
}

/** Returns alpha of a frame, 0 to 1, one value a pixel; 1 for frames without alpha. */
export function toAlpha({ widthPx, heightPx, channels, data }: Frame): Float32Array {
  const last = channels - 1;
  return Float32Array.from({ length: widthPx * heightPx }, (_, at) =>
    channels % 2 === 0 ? (data[at * channels + last] as number) / 255 : 1,
  );
}

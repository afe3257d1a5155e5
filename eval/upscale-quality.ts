import type { Frame } from "@pixelmesh/imaging";
import { planeSsim } from "@pixelmesh/testing";
import { cutBorder, toMatlabLuma } from "./luma.ts";

/** The similarity of an enlarged picture and its original, on Y. */
export type UpscaleQuality = {
  /** Peak signal-to-noise ratio in dB for a peak of 255; Infinity for equal pictures. */
  readonly psnrDb: number;
  /** Mean structural similarity, 1 for equal pictures. */
  readonly ssim: number;
};

/** Compares two pictures on Y with `borderPx` cut on each side; published figures cut the scale. Throws RangeError if sides differ. */
export function compareUpscaled(result: Frame, original: Frame, borderPx: number): UpscaleQuality {
  if (result.widthPx !== original.widthPx || result.heightPx !== original.heightPx) {
    const sidesOf = ({ widthPx, heightPx }: Frame) => `${widthPx}x${heightPx}`;
    throw new RangeError(`Expected a result of ${sidesOf(original)}, got ${sidesOf(result)}`);
  }
  const a = cutBorder(toMatlabLuma(result), borderPx);
  const b = cutBorder(toMatlabLuma(original), borderPx);
  const squares = a.data.reduce((sum, value, i) => sum + (value - (b.data[i] as number)) ** 2, 0);
  return { psnrDb: 10 * Math.log10(255 ** 2 / (squares / a.data.length)), ssim: planeSsim(a, b) };
}

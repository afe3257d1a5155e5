import type { Frame } from "@pixelmesh/imaging";
import type { Plane } from "@pixelmesh/testing";

/**
 * Computes Y of 8-bit RGB, 16 to 235, like MATLAB's `rgb2ycbcr` (ITU-R BT.601, studio range), not rounded. Grey counts as equal
 * red, green and blue. Alpha is ignored. Published super-resolution figures use this plane.
 */
export function toMatlabLuma({ widthPx, heightPx, channels, data }: Frame): Plane {
  const luma = new Float64Array(widthPx * heightPx);
  for (let i = 0, at = 0; i < luma.length; i++, at += channels) {
    const red = data[at] as number;
    const green = channels < 3 ? red : (data[at + 1] as number);
    const blue = channels < 3 ? red : (data[at + 2] as number);
    luma[i] = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
  }
  return { widthPx, heightPx, data: luma };
}

/** Cuts `borderPx` from each side of a plane. Throws RangeError if nothing would be left. */
export function cutBorder({ widthPx, heightPx, data }: Plane, borderPx: number): Plane {
  const width = widthPx - 2 * borderPx;
  const height = heightPx - 2 * borderPx;
  if (width < 1 || height < 1)
    throw new RangeError(`Expected sides above ${2 * borderPx} px, got ${widthPx}x${heightPx}`);
  const inner = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + borderPx) * widthPx + borderPx;
    inner.set(data.subarray(from, from + width), y * width);
  }
  return { widthPx: width, heightPx: height, data: inner };
}

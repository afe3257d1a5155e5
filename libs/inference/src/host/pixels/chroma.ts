import type { Pixels } from "./to-floats.ts";
import { toByte } from "./to-pixels.ts";

const taps = 5;
const reach = 2;

/** Full-range luma of RGB bytes (ITU-R BT.601 as in JFIF). */
export function toLuma(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let i = 0, from = 0; i < luma.length; i++, from += 3) {
    const red = rgb[from] as number;
    const green = rgb[from + 1] as number;
    const blue = rgb[from + 2] as number;
    luma[i] = toByte(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return luma;
}

/**
 * Combines enlarged luma with the chroma of the small RGB picture to RGB bytes. Chroma is enlarged bicubically (Catmull-Rom,
 * borders repeated), because the eye sees colour less sharply than luma. A pixel depends on two small pixels on each side.
 */
export function joinChroma(luma: Uint8Array, small: Pixels, scale: number): Uint8Array {
  const { widthPx, heightPx } = small;
  const chroma = toChroma(small.data);
  const kernels = Array.from({ length: scale }, (_, phase) => toKernel((phase + 0.5) / scale - 0.5));
  const row = new Float32Array(widthPx * 2);
  const bytes = new Uint8Array(luma.length * 3);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (const kernel of kernels) {
      mixRows(chroma, y, heightPx, kernel, row);
      at = writeRow(row, kernels, luma, at, bytes);
    }
  }
  return bytes;
}

/** Blue and red difference of each pixel, around 0, interleaved. */
function toChroma(rgb: Uint8Array): Float32Array {
  const chroma = new Float32Array((rgb.length / 3) * 2);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 2) {
    const red = rgb[from] as number;
    const green = rgb[from + 1] as number;
    const blue = rgb[from + 2] as number;
    chroma[to] = -0.168736 * red - 0.331264 * green + 0.5 * blue;
    chroma[to + 1] = 0.5 * red - 0.418688 * green - 0.081312 * blue;
  }
  return chroma;
}

function toKernel(offset: number): Float32Array {
  return Float32Array.from({ length: taps }, (_, tap) => catmullRom(Math.abs(offset - (tap - reach))));
}

function catmullRom(distance: number): number {
  if (distance >= 2) return 0;
  if (distance >= 1) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return (1.5 * distance - 2.5) * distance * distance + 1;
}

/** Mixes the rows around `y` into one. */
function mixRows(chroma: Float32Array, y: number, heightPx: number, kernel: Float32Array, row: Float32Array): void {
  row.fill(0);
  for (let tap = 0; tap < taps; tap++) {
    const weight = kernel[tap] as number;
    if (weight === 0) continue;
    const from = Math.min(Math.max(y + tap - reach, 0), heightPx - 1) * row.length;
    for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) + weight * (chroma[from + i] as number);
  }
}

/** Enlarges one mixed row sideways and writes it with its luma from pixel `at` on. Returns the start of the next row. */
function writeRow(
  row: Float32Array,
  kernels: readonly Float32Array[],
  luma: Uint8Array,
  at: number,
  bytes: Uint8Array,
): number {
  const widthPx = row.length / 2;
  let to = at;
  for (let x = 0; x < widthPx; x++) {
    for (const kernel of kernels) {
      let blueDifference = 0;
      let redDifference = 0;
      for (let tap = 0; tap < taps; tap++) {
        const from = Math.min(Math.max(x + tap - reach, 0), widthPx - 1) * 2;
        blueDifference += (kernel[tap] as number) * (row[from] as number);
        redDifference += (kernel[tap] as number) * (row[from + 1] as number);
      }
      const light = luma[to] as number;
      bytes[to * 3] = toByte(light + 1.402 * redDifference);
      bytes[to * 3 + 1] = toByte(light - 0.344136 * blueDifference - 0.714136 * redDifference);
      bytes[to * 3 + 2] = toByte(light + 1.772 * blueDifference);
      to++;
    }
  }
  return to;
}

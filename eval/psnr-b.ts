import type { Plane } from "@pixelmesh/testing";

/**
 * Computes PSNR-B in dB for a peak of 255 (Yim and Bovik, "Quality Assessment of Deblocked Images", 2011): PSNR whose error also counts
 * the blocking effect of `result`, the excess of steps at borders of blocks over other steps. `blockPx` is the side of a block in the
 * result: 8 for a JPEG file, 8 times the scale after an enlargement. Infinity for equal pictures without blocks. Both planes have
 * equal sides.
 */
export function computePsnrB(result: Plane, original: Plane, blockPx: number): number {
  let squares = 0;
  for (let i = 0; i < result.data.length; i++) squares += (at(result, i) - at(original, i)) ** 2;
  const error = squares / result.data.length + computeBlockingEffect(result, blockPx);
  return 10 * Math.log10(255 ** 2 / error);
}

/** Computes the blocking effect factor: 0 where steps at the borders of blocks are not larger than others. */
function computeBlockingEffect(plane: Plane, blockPx: number): number {
  const { widthPx, heightPx } = plane;
  const steps = { border: { sum: 0, count: 0 }, other: { sum: 0, count: 0 } };
  const add = (isBorder: boolean, i: number, next: number) => {
    const kind = isBorder ? steps.border : steps.other;
    kind.sum += (at(plane, i) - at(plane, next)) ** 2;
    kind.count++;
  };
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const i = y * widthPx + x;
      if (x + 1 < widthPx) add((x + 1) % blockPx === 0, i, i + 1);
      if (y + 1 < heightPx) add((y + 1) % blockPx === 0, i, i + widthPx);
    }
  }
  if (steps.border.count === 0 || steps.other.count === 0) return 0;
  const border = steps.border.sum / steps.border.count;
  const other = steps.other.sum / steps.other.count;
  return border > other ? (Math.log2(blockPx) / Math.log2(Math.min(widthPx, heightPx))) * (border - other) : 0;
}

function at({ data }: Plane, i: number): number {
  return data[i] as number;
}

import type { Pace } from "@pixelmesh/lifecycle";
import { type CompositionKernels, compositionKernels } from "../../kernels/composition-kernels.ts";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import { createRowReader, type PictureRows } from "../picture/picture-rows.ts";
import { type Row, type RowFormat, type RowShape, rowBytes } from "../rows/rows.ts";
import type { Area } from "./length.ts";

/** Pixels that are read together. */
const stripPixels = 64 * 1024;

/**
 * Returns the smallest area with all pixels whose alpha is above a threshold from 0 to 1, or the whole picture if there is none. All pixels of a picture
 * without alpha count. Reads the rows once, top-down.
 */
export async function findObject(picture: PictureRows, threshold: number, pace: Pace): Promise<Area> {
  const { widthPx, heightPx, channels } = picture.shape;
  const whole = { leftPx: 0, topPx: 0, widthPx, heightPx };
  if (channels === 3) return whole;
  let [left, right, top, bottom] = [widthPx, 0, heightPx, 0];
  await scanAlpha(picture, threshold, pace, ({ firstVisible, lastVisible }, { row, isFloat, bound }, y) => {
    const first = firstVisible(row, isFloat, widthPx, bound);
    if (first === widthPx) return;
    left = Math.min(left, first);
    right = Math.max(right, lastVisible(row, isFloat, widthPx, bound));
    top = Math.min(top, y);
    bottom = y + 1;
  });
  if (bottom === 0) return whole;
  return { leftPx: left, topPx: top, widthPx: right - left, heightPx: bottom - top };
}

/** A row of four channels, as the kernels look for pixels whose alpha is above `bound`. */
type AlphaRow = { readonly row: Row; readonly isFloat: boolean; readonly bound: number };

/** Looks at row `y`, which lies in this space. */
type RowVisitor = (kernels: CompositionKernels, row: AlphaRow, y: number, space: KernelSpace) => void;

/** Calls `visit` with each row of a picture of four channels, top-down, to look for alpha above a threshold from 0 to 1. */
export async function scanAlpha(picture: PictureRows, threshold: number, pace: Pace, visit: RowVisitor): Promise<void> {
  const { shape, format } = picture;
  const { widthPx, heightPx } = shape;
  const stripRows = Math.min(heightPx, rowsOfStrip(shape));
  const space = openKernelSpace();
  try {
    const reader = createRowReader(space, picture, stripRows);
    const kernels = space.use(compositionKernels);
    const bound = boundOf(threshold, format);
    const isFloat = format === "floats";
    for (let y = 0; y < heightPx; y += stripRows) {
      const count = Math.min(stripRows, heightPx - y);
      const rows = await reader.read(y, count);
      for (let i = 0; i < count; i++) visit(kernels, { row: rows + i * reader.stride, isFloat, bound }, y + i, space);
      await pace(count * widthPx);
    }
  } finally {
    space.close();
  }
}

/** Returns the bytes that the search holds at one time. */
export function findObjectBytes(shape: RowShape): number {
  return rowsOfStrip(shape) * rowBytes(shape, "floats");
}

function rowsOfStrip({ widthPx }: RowShape): number {
  return Math.max(1, Math.floor(stripPixels / widthPx));
}

/** Returns the largest alpha of a format that is not above the threshold, so that bytes and the floats of these bytes give the same area. */
function boundOf(threshold: number, format: RowFormat): number {
  const bound = Math.fround(threshold);
  if (format === "floats") return bound;
  let byte = 0;
  while (byte < 255 && Math.fround((byte + 1) / 255) <= bound) byte++;
  return byte;
}

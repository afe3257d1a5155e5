import type { Pace } from "@pixelmesh/lifecycle";
import { compositionKernels } from "../../kernels/composition-kernels.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { createRowReader, type PictureRows } from "../picture/picture-rows.ts";
import { type RowFormat, type RowShape, rowBytes } from "../rows/rows.ts";
import type { Area } from "./length.ts";

/** Pixels that are read together. */
const stripPixels = 64 * 1024;

/**
 * Returns the smallest area with all pixels whose alpha is above a threshold from 0 to 1, or the whole picture if there is none. All pixels of a picture
 * without alpha count. Reads the rows once, top-down.
 */
export async function findObject(picture: PictureRows, threshold: number, pace: Pace): Promise<Area> {
  const { shape, format } = picture;
  const { widthPx, heightPx, channels } = shape;
  const whole = { leftPx: 0, topPx: 0, widthPx, heightPx };
  if (channels === 3) return whole;
  const stripRows = Math.min(heightPx, rowsOfStrip(shape));
  const space = openKernelSpace();
  try {
    const reader = createRowReader(space, picture, stripRows);
    const { firstVisible, lastVisible } = space.use(compositionKernels);
    const bound = boundOf(threshold, format);
    const isFloat = format === "floats";
    let [left, right, top, bottom] = [widthPx, 0, heightPx, 0];
    for (let y = 0; y < heightPx; y += stripRows) {
      const count = Math.min(stripRows, heightPx - y);
      const rows = await reader.read(y, count);
      for (let i = 0; i < count; i++) {
        const row = rows + i * reader.stride;
        const first = firstVisible(row, isFloat, widthPx, bound);
        if (first === widthPx) continue;
        left = Math.min(left, first);
        right = Math.max(right, lastVisible(row, isFloat, widthPx, bound));
        top = Math.min(top, y + i);
        bottom = y + i + 1;
      }
      await pace(count * widthPx);
    }
    if (bottom === 0) return whole;
    return { leftPx: left, topPx: top, widthPx: right - left, heightPx: bottom - top };
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

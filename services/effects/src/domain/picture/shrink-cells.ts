import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { clampUnit } from "../color/color.ts";
import { curveAt, encodedCurve, linearCurve } from "../color/curve.ts";
import { byteAsFloat } from "../rows/mix.ts";
import { type RowShape, rowBytes } from "../rows/rows.ts";
import { createFloatPicture, type OpenPictureRows } from "./float-picture.ts";
import { createRowReader } from "./picture-rows.ts";
import { type PrepareContext, wholePicture } from "./prepared-effect.ts";

// The linear light of each byte.
const linearBytes = Float64Array.from({ length: 256 }, (_, value) => curveAt(linearCurve, byteAsFloat(value)));

const stripSamples = 256 * 1_024;

/** Returns the shape of a picture that was shrunk by cells. */
export function cellsShape({ widthPx, heightPx }: RowShape, cellPx: number): RowShape {
  return { widthPx: Math.ceil(widthPx / cellPx), heightPx: Math.ceil(heightPx / cellPx), channels: 3 };
}

/**
 * Makes a small opaque copy of the picture in the frame store: each cell of `cellPx` × `cellPx` pixels (less at the right and lower edge) becomes its
 * mean in linear light, laid on white by its alpha.
 */
export async function shrinkByCells(context: PrepareContext, cellPx: number): Promise<OpenPictureRows> {
  const picture = wholePicture(context);
  const { widthPx, heightPx, channels } = picture.shape;
  const small = cellsShape(picture.shape, cellPx);
  const columns = small.widthPx;
  const space = openKernelSpace();
  const sink = await createFloatPicture(small, context.frameStore);
  try {
    const { addCells, takeCells } = space.kernels;
    const isFloat = picture.format === "floats";
    const linear = space.constant(isFloat ? linearCurve.table : linearBytes);
    const encoded = space.constant(encodedCurve.table);
    const sums = space.allocate(columns * 5 * 8);
    const means = space.allocate(columns * channels * 4);
    const mostCells = Math.max(1, Math.floor(stripSamples / (widthPx * channels * cellPx)));
    const reader = createRowReader(space, picture, Math.min(heightPx, mostCells * cellPx));
    const done = new Uint8Array(mostCells * rowBytes(small, "floats"));
    for (let cell = 0; cell < small.heightPx; cell += mostCells) {
      const cells = Math.min(mostCells, small.heightPx - cell);
      const top = cell * cellPx;
      const count = Math.min(heightPx, (cell + cells) * cellPx) - top;
      const rows = await reader.read(top, count);
      for (let y = 0; y < count; y++) {
        addCells(rows + y * reader.stride, channels, isFloat, widthPx, cellPx, linear, linearCurve.steps, sums);
        if ((y + 1) % cellPx !== 0 && y + 1 < count) continue;
        takeCells(sums, columns, channels, encoded, encodedCurve.steps, means);
        done.set(
          layOnWhite(space.bytes(means, columns * channels * 4), channels),
          Math.floor(y / cellPx) * columns * 12,
        );
      }
      await sink.writeRows(cell, done.subarray(0, cells * columns * 12));
      await context.pace(count * widthPx);
    }
    return await sink.open();
  } finally {
    await sink.abandon();
    space.close();
  }
}

/** Returns a row of floats without alpha. */
function layOnWhite(row: Uint8Array, channels: 3 | 4): Uint8Array {
  if (channels === 3) return row;
  const samples = new Float32Array(row.buffer, row.byteOffset, row.byteLength / 4);
  const laid = new Float32Array((samples.length / 4) * 3);
  for (let i = 0, o = 0; i < samples.length; i += 4, o += 3) {
    const alpha = samples[i + 3] as number;
    for (let c = 0; c < 3; c++) laid[o + c] = alpha === 0 ? 1 : onWhite(samples[i + c] as number, alpha);
  }
  return new Uint8Array(laid.buffer);
}

function onWhite(sample: number, alpha: number): number {
  if (alpha === 1) return sample;
  return curveAt(encodedCurve, clampUnit(1 - alpha * (1 - curveAt(linearCurve, sample))));
}

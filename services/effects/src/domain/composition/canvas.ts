import { compositionKernels } from "../../kernels/composition-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Rgb } from "../color/color.ts";
import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import { passRows } from "../rows/pass-rows.ts";
import { type CreateStage, type Row, type RowShape, rowBytes, type StageContext, sampleBytes } from "../rows/rows.ts";
import type { Area } from "./length.ts";

/** A colour with an opacity from 0 to 1. */
export type Paint = { readonly color: Rgb; readonly opacity: number };

/** What shows a part of a picture, and borders where it reaches beyond the picture. */
export type Canvas = {
  /** The place of the canvas in the coordinates of the picture. It has a part of the picture. */
  readonly area: Area;
  readonly channels: 3 | 4;
  /** The paint of the borders. Three channels have its colour. */
  readonly border: Paint;
  /** Laid behind the picture; an opacity above 0. Default: nothing. Given where a picture of four channels gets three. */
  readonly behind?: Paint | undefined;
};

/** Rows of floats and four channels that a stage holds: a border in two formats, the row after the upper borders, and two for conversions. */
const heldRows = 5;

/** Returns the bytes that the stage of a canvas of a shape allocates. */
export function canvasBytes(shape: RowShape): number {
  return heldRows * rowBytes({ ...shape, channels: 4 }, "floats") + 1_024;
}

/** Returns the stage that emits the rows of a canvas. */
export function onCanvas({ area, channels, border, behind }: Canvas): CreateStage {
  return (context, target) => {
    const { space, shape, to } = context;
    const shapeOfRow = { widthPx: area.widthPx, heightPx: 1, channels };
    const bytes = rowBytes(shapeOfRow, to);
    const borderRow = createBorderRow(space, shapeOfRow, border, to);
    const pixelBytes = channels * sampleBytes(to);
    const first = Math.max(0, area.leftPx);
    const end = Math.min(shape.widthPx, area.leftPx + area.widthPx);
    const part = { ...shape, widthPx: end - first };
    const paint = createPainter({ ...context, shape: part }, channels, behind);
    const skippedBytes = first * shape.channels * sampleBytes(context.from);
    const beforeBytes = (first - area.leftPx) * pixelBytes;
    const afterBytes = bytes - beforeBytes - part.widthPx * pixelBytes;
    const paintRow = (row: Row, place: Row) => {
      space.bytes(place, beforeBytes).set(space.bytes(borderRow, beforeBytes));
      paint(row + skippedBytes, place + beforeBytes);
      // Last: the painter may write beyond its pixels.
      space.bytes(place + bytes - afterBytes, afterBytes).set(space.bytes(borderRow, afterBytes));
    };
    const bottom = area.topPx + area.heightPx;
    let borders = Math.max(0, -area.topPx);
    const held = borders > 0 ? space.allocate(bytes) : 0;
    let isHeld = false;
    let y = 0;
    const emitCopy = (row: Row) => {
      const to = target.place();
      space.bytes(to, bytes).set(space.bytes(row, bytes));
      target.emit(to);
    };
    return {
      push(row) {
        const isInside = y >= area.topPx && y < bottom;
        y += 1;
        if (!isInside) return;
        if (borders > 0) {
          paintRow(row, held);
          isHeld = true;
        } else {
          const to = target.place();
          paintRow(row, to);
          target.emit(to);
        }
      },
      more() {
        if (borders > 0) {
          borders -= 1;
          emitCopy(borderRow);
          return true;
        }
        if (!isHeld) return false;
        isHeld = false;
        emitCopy(held);
        return true;
      },
      end() {
        borders = Math.max(0, bottom - shape.heightPx);
      },
    };
  };
}

function createBorderRow(space: KernelSpace, shape: RowShape, paint: Paint, format: StageContext["to"]): Row {
  const { widthPx, channels } = shape;
  const pixel = [...paint.color, paint.opacity].slice(0, channels);
  const samples = Float32Array.from({ length: widthPx * channels }, (_, i) => pixel[i % channels] as number);
  const floats = space.allocate(rowBytes(shape, "floats"));
  space.bytes(floats, samples.byteLength).set(new Uint8Array(samples.buffer));
  if (format === "floats") return floats;
  const row = space.allocate(rowBytes(shape, "bytes"));
  space.kernels.floatsToBytes(floats, samples.length, row);
  return row;
}

/** Returns the function that writes a row of the stage in another format and with other channels. It may write 4 bytes beyond its pixels. */
function createPainter(
  context: StageContext,
  channels: 3 | 4,
  behind: Paint | undefined,
): (row: Row, place: Row) => void {
  const { space, shape, to } = context;
  const { addAlpha, layOn } = space.use(compositionKernels);
  if (behind !== undefined && shape.channels === 4) {
    const { color, opacity } = behind;
    const read = createFloatReader(context);
    const write = createFloatWriter({ space, shape: { ...shape, channels }, to });
    return (row, place) =>
      write(place, (floats) => layOn(read(row), shape.widthPx, ...color, opacity, channels, floats));
  }
  const copy = createRowCopy(context);
  if (channels === shape.channels) return copy;
  const opaque = space.allocate(rowBytes(shape, to));
  return (row, place) => {
    copy(row, opaque);
    addAlpha(opaque, to === "floats", shape.widthPx, place);
  };
}

/** Returns the function that writes a row in another format. */
function createRowCopy(context: StageContext): (row: Row, place: Row) => void {
  let address = 0;
  const { push } = passRows(context, { place: () => address, emit() {} });
  return (row, place) => {
    address = place;
    push(row);
  };
}

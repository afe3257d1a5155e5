import type { Pace } from "@pixelmesh/lifecycle";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import { allocateRow } from "../detail/float-rows.ts";
import type { OpenPictureRows } from "../picture/float-picture.ts";
import { createFloatRowReader } from "../picture/float-row-reader.ts";
import type { PictureRows } from "../picture/picture-rows.ts";
import type { EffectMemory } from "../picture/prepared-effect.ts";
import { readBands } from "../picture/read-bands.ts";
import { type Row, type RowShape, rowBytes } from "../rows/rows.ts";
import { createCopy } from "./map-shape.ts";
import { castBytes, createCast, createLayOver, type Shadow } from "./shadow-painter.ts";
import type { ShapeMargins } from "./shape-margins.ts";

/** Rows that are made together, and that are read together for the shadow. */
const bandRows = 16;

/** Returns the memory of a long shadow: bands of the picture and of the canvas, and planes of one float for each pixel. No row waits for its shadow. */
export function longShadowMemory(shadow: Shadow, canvas: RowShape): EffectMemory {
  // Two bands with what their readers hold, the band that is made with its copy, and single rows.
  const rows = 6 * bandRows + 4;
  return { workBytes: rows * (16 * canvas.widthPx + 128) + castBytes(shadow, canvas), pictureBytes: [] };
}

/**
 * Returns a picture on a canvas with its shadow, as rows of four floats for each pixel. It reads the picture twice: the rows themselves, and those whose
 * shadow falls on them. So its memory does not grow with the length of the shadow.
 */
export function castLongShadow(
  picture: PictureRows,
  shadow: Shadow,
  { canvas, margins }: { readonly canvas: RowShape; readonly margins: ShapeMargins },
  pace: Pace,
): OpenPictureRows {
  let canvasBands: CanvasBands | undefined;
  const make = async (index: number) => {
    if (canvasBands?.next !== index) {
      canvasBands?.close();
      canvasBands = await openBands(picture, shadow, { canvas, margins }, pace);
    }
    for (;;) {
      const made = canvasBands.next;
      const band = await canvasBands.make();
      if (made === index) return band;
    }
  };
  const bands = { shape: canvas, format: "floats", channels: 4, bandRows, make } as const;
  return {
    ...{ shape: canvas, format: "floats", channels: 4, readRows: readBands(bands) },
    async close() {
      canvasBands?.close();
    },
  };
}

/** The bands of a canvas, from the first one on. */
type CanvasBands = {
  /** The index of the next band. */
  readonly next: number;
  make(): Promise<Uint8Array>;
  close(): void;
};

async function openBands(
  picture: PictureRows,
  shadow: Shadow,
  place: { readonly canvas: RowShape; readonly margins: ShapeMargins },
  pace: Pace,
): Promise<CanvasBands> {
  const space = openKernelSpace();
  try {
    return await createBands(picture, shadow, place, { space, pace });
  } catch (error) {
    space.close();
    throw error;
  }
}

type Work = { readonly space: KernelSpace; readonly pace: Pace };

async function createBands(
  picture: PictureRows,
  shadow: Shadow,
  { canvas, margins }: { readonly canvas: RowShape; readonly margins: ShapeMargins },
  work: Work,
): Promise<CanvasBands> {
  const { space, pace } = work;
  const cast = await createCast(work, shadow, canvas);
  const layOver = createLayOver(space, shadow, canvas);
  const rows = { picture, canvas, margins };
  const [own, casting] = [createCanvasRows(rows, work), createCanvasRows(rows, work)];
  const bytes = rowBytes(canvas, "floats");
  const band = space.allocate(bandRows * bytes);
  const noShadow = allocateRow(space, cast.widthPx);
  let alpha = noShadow;
  let pushed = margins.top;
  /** Returns the shadow's alpha for a row of the canvas. The rows above the picture cast none. */
  const alphaFor = async (y: number): Promise<Row> => {
    const needed = y - shadow.down + cast.reachPx;
    for (; pushed <= needed; pushed++) {
      alpha = cast.push(await casting(pushed));
      await pace(canvas.widthPx);
    }
    return (needed < margins.top ? noShadow : alpha) + (cast.marginPx - shadow.right) * 4;
  };
  const blank = allocateRow(space, canvas.widthPx * 4);
  let next = 0;
  return {
    get next() {
      return next;
    },
    async make() {
      const count = Math.min(bandRows, canvas.heightPx - next * bandRows);
      for (let i = 0; i < count; i++) {
        const y = next * bandRows + i;
        const shade = await alphaFor(y);
        layOver((await own(y)) ?? blank, shade, band + i * bytes);
        await pace(canvas.widthPx);
      }
      next += 1;
      return space.bytes(band, count * bytes);
    },
    close: space.close,
  };
}

/**
 * Returns the function that gives a row of the canvas as four floats for each pixel, undefined for one above or below the picture. It is valid until the
 * next call. Rows are read in bands.
 */
function createCanvasRows(
  { picture, canvas, margins }: { picture: PictureRows; canvas: RowShape; margins: ShapeMargins },
  { space, pace }: Work,
): (y: number) => Promise<Row | undefined> {
  const { shape } = picture;
  const held = Math.min(bandRows, shape.heightPx);
  const stride = rowBytes(shape, "floats");
  const rows = space.allocate(held * stride);
  const reader = createFloatRowReader(space, picture, pace);
  const copyRow = createCopy({ space, shape });
  const row = allocateRow(space, canvas.widthPx * 4);
  let first = -held;
  return async (y) => {
    const inPicture = y - margins.top;
    if (inPicture < 0 || inPicture >= shape.heightPx) return undefined;
    if (inPicture < first || inPicture >= first + held) {
      await reader.read(inPicture, Math.min(held, shape.heightPx - inPicture), rows);
      first = inPicture;
    }
    copyRow(rows + (inPicture - first) * stride, row + margins.left * 16);
    return row;
  };
}

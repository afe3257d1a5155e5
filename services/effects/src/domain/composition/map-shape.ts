import { compositionKernels } from "../../kernels/composition-kernels.ts";
import { allocateRow, createRowWindow } from "../detail/float-rows.ts";
import type { PrepareContext, PreparedEffect } from "../picture/prepared-effect.ts";
import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import { type Row, type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";
import { type ShapeMargins, withMargins } from "./shape-margins.ts";

/** What a stage draws around, on or under an object, from the alpha of the rows around each row. */
export type ShapePainter = {
  /** Rows below a row that are taken before it is painted, at least the upper margin. */
  readonly lagRows: number;
  /** Takes the next row of the canvas, four floats for each pixel; undefined for a transparent one. Takes `lagRows` of these below the canvas. */
  take(row: Row | undefined): void;
  /** Writes the next row of the canvas, of the canvas's channels, from the same four floats for each pixel. `lagRows` further rows were taken. */
  paint(row: Row, to: Row): void;
};

/** Returns the effect that puts a picture on a canvas with transparent margins and paints its rows. It holds `lagRows` + 1 rows of the canvas. */
export async function prepareShape(
  { shape, pace }: Pick<PrepareContext, "shape" | "pace">,
  margins: ShapeMargins,
  painter: ShapePainter,
): Promise<PreparedEffect> {
  const canvas = withMargins(shape, margins);
  for (let y = 0; y < margins.top; y++) {
    painter.take(undefined);
    await pace(canvas.widthPx);
  }
  return { shape: canvas, createStage: (context, target) => mapShape(context, margins, painter, target) };
}

/** Returns the stage for a painter that has taken the upper margin. */
function mapShape(
  context: StageContext,
  margins: ShapeMargins,
  { lagRows, take, paint }: ShapePainter,
  target: RowTarget,
): Stage {
  const { space, shape, to } = context;
  const canvas = withMargins(shape, margins);
  const read = createFloatReader(context);
  const write = createFloatWriter({ space, shape: canvas, to });
  const copyRow = createCopy(context);
  const samples = canvas.widthPx * 4;
  const blank = allocateRow(space, samples);
  const held = createRowWindow(space, samples, Math.min(shape.heightPx, lagRows + 1));
  let taken = margins.top;
  let pushed = 0;
  let done = 0;
  let isEnding = false;
  const rowAt = (y: number): Row => {
    const inPicture = y - margins.top;
    return inPicture < 0 || inPicture >= shape.heightPx ? blank : held.row(pushed - 1 - inPicture);
  };
  return {
    push(row) {
      const place = held.next();
      copyRow(read(row), place + margins.left * 16);
      pushed += 1;
      take(place);
      taken += 1;
    },
    more() {
      if (done === canvas.heightPx) return false;
      const needed = done + lagRows + 1;
      for (; isEnding && taken < needed; taken++) take(undefined);
      if (taken < needed) return false;
      const out = target.place();
      write(out, (floats) => paint(rowAt(done), floats));
      done += 1;
      target.emit(out);
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}

/** Returns the function that copies a row of floats as four floats for each pixel. */
export function createCopy({ space, shape }: Pick<StageContext, "space" | "shape">): (row: Row, to: Row) => void {
  const { addAlpha } = space.use(compositionKernels);
  if (shape.channels === 3) return (row, to) => addAlpha(row, true, shape.widthPx, to);
  const bytes = rowBytes(shape, "floats");
  return (row, to) => space.bytes(to, bytes).set(space.bytes(row, bytes));
}

import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import type { Row, RowTarget, Stage, StageContext } from "../rows/rows.ts";
import type { BlurShape } from "./blur-shape.ts";
import { allocateRow, type FloatRows } from "./float-rows.ts";
import { createRowBlur } from "./row-blur.ts";

/** What a stage blurs, and what it does with it. Rows of the picture are floats of all channels, sRGB-encoded. */
export type BlurPainter = {
  /** Channels of the rows that are blurred. */
  readonly channels: FloatRows["channels"];
  /** Floats of a row that wait for the blurred one. */
  readonly keptSamples: number;
  /** Writes the values to blur, 0 to 1, and those to keep, from row of the picture. */
  prepare(row: Row, values: Row, kept: Row): void;
  /** Writes a row of the picture, alpha too. */
  paint(blurred: Row, kept: Row, to: Row): void;
};

/** Returns a stage that paints each row from blurred values. It holds so many kept rows as the blur reaches down, and the blur's own. */
export function mapBlurred(context: StageContext, shape: BlurShape, painter: BlurPainter, target: RowTarget): Stage {
  const { space } = context;
  const { widthPx } = context.shape;
  const { channels, keptSamples, prepare, paint } = painter;
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  const values = allocateRow(space, widthPx * channels);
  const blur = createRowBlur(space, { widthPx, channels }, shape);
  const kept = Array.from({ length: blur.delayRows + 1 }, () => allocateRow(space, keptSamples));
  const keptAt = (y: number) => kept[y % kept.length] as Row;
  let pushed = 0;
  let done = 0;
  let isEnding = false;
  const finish = (blurred: Row) => {
    const to = target.place();
    write(to, (out) => paint(blurred, keptAt(done), out));
    done += 1;
    target.emit(to);
  };
  return {
    push(row) {
      prepare(read(row), values, keptAt(pushed));
      pushed += 1;
      const blurred = blur.push(values);
      if (blurred !== undefined) finish(blurred);
    },
    more() {
      if (!isEnding || done === pushed) return false;
      finish(blur.rest());
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}

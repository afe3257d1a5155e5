import { createFloatReader, createFloatWriter } from "./on-floats.ts";
import type { Row, RowTarget, Stage, StageContext } from "./rows.ts";

/** The steps of a stage that reads some rows ahead. Rows are floats of all channels. */
export type AheadSteps = {
  /** Takes row `y`. The row is not used afterwards. */
  readonly take: (row: Row, y: number) => void;
  /** Writes row `y` of the result. Rows up to `last` were taken: `below` more, or up to the last one of the picture. */
  readonly paint: (to: Row, y: number, last: number) => void;
};

/** Returns a stage that takes `below` rows more before it paints each row. Both steps are called once for each row, top-down. */
export function mapAhead(context: StageContext, below: number, { take, paint }: AheadSteps, target: RowTarget): Stage {
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  let taken = 0;
  let done = 0;
  let isEnding = false;
  const paintNext = () => {
    const to = target.place();
    write(to, (out) => paint(out, done, taken - 1));
    done += 1;
    target.emit(to);
  };
  return {
    push(row) {
      take(read(row), taken);
      taken += 1;
      if (taken > done + below) paintNext();
    },
    more() {
      if (!isEnding || done === taken) return false;
      paintNext();
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}

// Kernels read up to 64 bytes past the end of a row.
const slackBytes = 64;

/** Allocates places for `rows` rows of `bytes`, used in turn. Returns the function that gives the place of row `y`. */
export function createRing({ space }: Pick<StageContext, "space">, rows: number, bytes: number): (y: number) => Row {
  const stride = Math.ceil((bytes + slackBytes) / 16) * 16;
  const memory = space.allocate(rows * stride);
  return (y) => memory + (y % rows) * stride;
}

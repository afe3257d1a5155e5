import { createFloatReader, createFloatWriter } from "./on-floats.ts";
import { type Row, type RowTarget, rowBytes, type Stage, type StageContext } from "./rows.ts";

/** Returns the row of floats that lies `down` rows below the current one (above it if negative). Rows past an edge are the row at the edge. */
export type RowsAround = (down: number) => Row;

/** Writes a row of floats, all channels, from the rows around it. Called once for each row `y`, top-down. */
export type WindowPainter = (around: RowsAround, to: Row, y: number) => void;

/** How many rows above and below the current one a painter reads, at least 0. */
export type WindowReach = { readonly above: number; readonly below: number };

/**
 * Returns a stage that paints each row from the rows around it. It holds `above + below + 1` rows of floats, so memory does not grow with the height
 * of the picture.
 */
export function mapWindow(
  context: StageContext,
  { above, below }: WindowReach,
  paint: WindowPainter,
  target: RowTarget,
): Stage {
  const { space, shape } = context;
  const bytes = rowBytes(shape, "floats");
  const rows = Math.min(shape.heightPx, above + below + 1);
  const stride = Math.ceil((bytes + 64) / 16) * 16;
  const memory = space.allocate(rows * stride);
  const placeOf = (y: number): Row => memory + (y % rows) * stride;
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  let pushed = 0;
  let done = 0;
  let isEnding = false;
  const around: RowsAround = (down) => placeOf(Math.min(pushed - 1, Math.max(0, done + down)));
  const paintNext = () => {
    const to = target.place();
    write(to, (out) => paint(around, out, done));
    done += 1;
    target.emit(to);
  };
  return {
    push(row) {
      space.bytes(placeOf(pushed), bytes).set(space.bytes(read(row), bytes));
      pushed += 1;
      if (pushed > done + below) paintNext();
    },
    more() {
      if (!isEnding || done === pushed) return false;
      paintNext();
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}

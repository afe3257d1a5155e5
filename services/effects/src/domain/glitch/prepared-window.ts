import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import { type Row, type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";

/** Returns what was prepared of the row that lies `down` rows below the current one. Rows past an edge are the row at the edge. */
export type PreparedAround = (down: number) => number;

/** The steps of a stage over prepared rows. */
export type PreparedWindow = {
  /** How many rows above and below the current one are read. */
  readonly reach: number;
  /** Bytes that `prepare` writes for each row. */
  readonly preparedBytes: number;
  /** Prepares a row of floats once. */
  readonly prepare: (row: Row, to: number) => void;
  /** Writes a row of floats, all channels, from its own row of floats and the prepared rows around it. */
  readonly paint: (own: Row, around: PreparedAround, to: Row) => void;
};

/**
 * Returns a stage like `mapWindow` that prepares each row once, such as into linear light with a margin. It holds `2 * reach + 1` prepared rows and
 * `reach + 1` rows of floats.
 */
export function mapPrepared(
  context: StageContext,
  { reach, preparedBytes, prepare, paint }: PreparedWindow,
  target: RowTarget,
): Stage {
  const { space, shape } = context;
  const bytes = rowBytes(shape, "floats");
  const prepared = createRing(context, Math.min(shape.heightPx, 2 * reach + 1), preparedBytes);
  const own = createRing(context, Math.min(shape.heightPx, reach + 1), bytes);
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  let pushed = 0;
  let done = 0;
  let isEnding = false;
  const around: PreparedAround = (down) => prepared(Math.min(pushed - 1, Math.max(0, done + down)));
  const paintNext = () => {
    const to = target.place();
    write(to, (out) => paint(own(done), around, out));
    done += 1;
    target.emit(to);
  };
  return {
    push(row) {
      const floats = read(row);
      space.bytes(own(pushed), bytes).set(space.bytes(floats, bytes));
      prepare(floats, prepared(pushed));
      pushed += 1;
      if (pushed > done + reach) paintNext();
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

// Places for rows that are used in turn. Kernels read up to 64 bytes past the end of a row.
function createRing({ space }: StageContext, rows: number, bytes: number): (y: number) => number {
  const stride = Math.ceil((bytes + 64) / 16) * 16;
  const memory = space.allocate(rows * stride);
  return (y) => memory + (y % rows) * stride;
}

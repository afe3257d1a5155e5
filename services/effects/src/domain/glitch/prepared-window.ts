import { createRing, mapAhead } from "../rows/map-ahead.ts";
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
  return mapAhead(
    context,
    reach,
    {
      take(row, y) {
        space.bytes(own(y), bytes).set(space.bytes(row, bytes));
        prepare(row, prepared(y));
      },
      paint: (to, y, last) => paint(own(y), (down) => prepared(Math.min(last, Math.max(0, y + down))), to),
    },
    target,
  );
}

import { createRing, mapAhead } from "./map-ahead.ts";
import { type Row, type RowFormat, type RowTarget, rowBytes, type Stage, type StageContext } from "./rows.ts";

/** Returns the row that lies `down` rows below the current one (above it if negative). Rows past an edge are the row at the edge. */
export type RowsAround = (down: number) => Row;

/** Writes a row, all channels, from the rows around it. Called once for each row `y`, top-down. */
export type WindowPainter = (around: RowsAround, to: Row, y: number) => void;

/** How many rows above and below the current one a painter reads, at least 0. */
export type WindowReach = { readonly above: number; readonly below: number };

/**
 * Returns a stage that paints each row from the rows around it. It holds `above + below + 1` rows, so memory does not grow with the height of the
 * picture. Rows are floats; with the format `bytes`, for a stage from bytes to bytes, they are bytes.
 */
export function mapWindow(
  context: StageContext,
  { above, below }: WindowReach,
  paint: WindowPainter,
  target: RowTarget,
  format: RowFormat = "floats",
): Stage {
  const { space, shape } = context;
  const bytes = rowBytes(shape, format);
  const placeOf = createRing(context, Math.min(shape.heightPx, above + below + 1), bytes);
  return mapAhead(
    // Rows of floats are those that need no conversion.
    format === "bytes" ? { ...context, from: "floats", to: "floats" } : context,
    below,
    {
      take: (row, y) => space.bytes(placeOf(y), bytes).set(space.bytes(row, bytes)),
      paint: (to, y, last) => paint((down) => placeOf(Math.min(last, Math.max(0, y + down))), to, y),
    },
    target,
  );
}

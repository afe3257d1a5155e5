import { curveAt, encodedCurve, linearCurve } from "../color/curve.ts";
import { createHeldAlpha } from "./alpha.ts";
import { mapRows } from "./map-rows.ts";
import { byteAsFloat } from "./mix.ts";
import { type RowPainter, type RowTarget, rowBytes, type Stage, type StageContext } from "./rows.ts";

// The linear light of each byte.
const linearBytes = Float64Array.from({ length: 256 }, (_, value) => curveAt(linearCurve, byteAsFloat(value)));

/**
 * Returns a stage for coarse pixels: each cell of `cellPx` × `cellPx` pixels (less at the right and lower edge) becomes its mean in linear light,
 * weighted by alpha. The painter gets rows of such cells, with alpha as their mean; its colours are spread over the cells. The picture's own alpha is
 * unchanged. Holds the alpha of `cellPx` rows.
 */
export function mapCells(
  context: StageContext,
  cellPx: number,
  createPainter: (context: StageContext) => RowPainter,
  target: RowTarget,
): Stage {
  if (cellPx === 1) return mapRows(context, createPainter(context), target);
  const { space, shape, from, to } = context;
  const { widthPx, heightPx, channels } = shape;
  const columns = Math.ceil(widthPx / cellPx);
  const cells = { widthPx: columns, heightPx: Math.ceil(heightPx / cellPx), channels };
  const paint = createPainter({ space, shape: cells, from: "floats", to });
  const { addCells, takeCells, spread } = space.kernels;
  const [fromFloat, toFloat] = [from === "floats", to === "floats"];
  const linear = space.constant(fromFloat ? linearCurve.table : linearBytes);
  const encoded = space.constant(encodedCurve.table);
  const sums = space.allocate(columns * 5 * 8);
  const coarse = space.allocate(rowBytes(cells, "floats"));
  const painted = space.allocate(rowBytes(cells, to));
  const alphas = createHeldAlpha(context, cellPx);
  let y = 0;
  // Rows of the cells that are painted: the next one, and their number.
  let [next, ready] = [0, 0];
  return {
    push(row) {
      const inCell = y % cellPx;
      addCells(row, channels, fromFloat, widthPx, cellPx, linear, linearCurve.steps, sums);
      alphas.take(row, inCell);
      y += 1;
      if (y % cellPx !== 0 && y !== heightPx) return;
      takeCells(sums, columns, channels, encoded, encodedCurve.steps, coarse);
      paint(coarse, painted, Math.ceil(y / cellPx) - 1);
      [next, ready] = [0, inCell + 1];
    },
    more() {
      if (next === ready) return false;
      const out = target.place();
      spread(painted, cellPx, channels, toFloat, widthPx, out);
      alphas.put(next++, out);
      target.emit(out);
      return true;
    },
    end() {},
  };
}

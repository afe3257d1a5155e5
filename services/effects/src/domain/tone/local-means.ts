import { toneKernels } from "../../kernels/tone-kernels.ts";
import type { RowsAround, WindowPainter } from "../rows/map-window.ts";
import { allocatePlane, type Row, rowBytes, type StageContext } from "../rows/rows.ts";

/** Writes the colours of a row of floats from its plane of values, which is used up, and the plane of their local means. */
export type MeansPainter = (values: number, means: number, to: Row) => void;

/**
 * Returns the function that makes a painter for `mapWindow` with `radius` rows below: `valuesOf` writes a plane of values of a row of floats, and the
 * painter gets it with the means over `radius` pixels to each side, weighted by alpha, edges repeated. Values are rounded to multiples of 2^-16, so that
 * running sums are exact. The time for a row does not depend on the radius; 2 × radius + 1 planes are held.
 */
export function createLocalMeans(
  { space, shape }: StageContext,
  radius: number,
  valuesOf: (row: Row, plane: number) => void,
): (paint: MeansPainter) => WindowPainter {
  const { widthPx, channels } = shape;
  const { addToColumns, alphaPlane, boxMeans, roundPlane } = space.use(toneKernels);
  const span = 2 * radius + 1;
  const stride = Math.ceil(widthPx / 16) * 64;
  const allocateRing = () => space.allocate(span * stride);
  const values = allocateRing();
  const weights = channels === 4 ? allocateRing() : 0;
  const sums = allocatePlane(space, widthPx, 16);
  const means = allocatePlane(space, widthPx, 4);
  const current = allocatePlane(space, widthPx, 4);
  const copy = (from: number, bytes: number, to: number) => space.bytes(to, bytes).set(space.bytes(from, bytes));
  // Rows above the picture are its first row, which is kept until they have left.
  const placeOf = (y: number) => (Math.max(0, y) % span) * stride;
  const add = (y: number, factor: number) =>
    addToColumns(values + placeOf(y), weights === 0 ? 0 : weights + placeOf(y), widthPx, factor, sums);
  const enter = (row: Row, y: number) => {
    valuesOf(row, values + placeOf(y));
    roundPlane(values + placeOf(y), widthPx);
    if (weights !== 0) alphaPlane(row, widthPx, weights + placeOf(y));
    add(y, 1);
  };
  const start = (around: RowsAround) => {
    for (let y = 0; y < radius; y++) enter(around(y), y);
    add(0, radius);
  };
  return (paint) => (around, to, y) => {
    if (y === 0) start(around);
    else add(y - radius - 1, -1);
    enter(around(radius), y + radius);
    boxMeans(sums, values + placeOf(y), widthPx, radius, means);
    copy(values + placeOf(y), widthPx * 4, current);
    // For alpha: painters write colours only.
    if (channels === 4) copy(around(0), rowBytes(shape, "floats"), to);
    paint(current, means, to);
  };
}

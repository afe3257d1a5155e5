import { detailKernels } from "../../kernels/detail-kernels.ts";
import { allocatePlane, type Row, type RowTarget, type Stage, type StageContext } from "../rows/rows.ts";
import { box } from "./blur-shape.ts";
import { mapBlurred } from "./map-blurred.ts";

/** What is compared with its means. Rows are floats, sRGB-encoded, unless the painter and its context are for others; planes have one float for each pixel and room for a multiple of 16. */
export type MeansPainter = {
  /** Writes a plane of values, 0 to 1, of a row. */
  valuesOf(row: Row, plane: number): void;
  /** Writes the colours of a row from its plane of values, which is used up, and the plane of their means. */
  paint(values: number, means: number, to: Row): void;
};

/**
 * Returns a stage that paints each row from values and their means over a square of 2 radius + 1 px to a side, weighted by alpha, edges repeated.
 * The time for a row does not depend on the radius; 2 radius + 3 rows of values are held.
 */
export function mapMeans(
  context: StageContext,
  radiusPx: number,
  { valuesOf, paint }: MeansPainter,
  target: RowTarget,
): Stage {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { toMeanValues, fromMeanValues } = space.use(detailKernels);
  const { moveAlpha } = space.kernels;
  const planeSamples = Math.ceil(widthPx / 16) * 16;
  const means = allocatePlane(space, widthPx, 4);
  const hasAlpha = channels === 4;
  const alphaOf = (kept: Row) => kept + planeSamples * 4;
  return mapBlurred(
    context,
    box(radiusPx),
    {
      channels: hasAlpha ? 2 : 1,
      keptSamples: planeSamples + (hasAlpha ? widthPx : 0),
      prepare(row, values, kept) {
        valuesOf(row, kept);
        toMeanValues(kept, row, channels, widthPx, values);
        if (hasAlpha) moveAlpha(row + 12, 16, true, widthPx, alphaOf(kept), 4, true);
      },
      paint(blurred, kept, to) {
        fromMeanValues(blurred, kept, channels, widthPx, means);
        paint(kept, means, to);
        if (hasAlpha) moveAlpha(alphaOf(kept), 4, true, widthPx, to + 12, 16, true);
      },
    },
    target,
  );
}

import { toneKernels } from "../../kernels/tone-kernels.ts";
import { luminanceWeights } from "../color/color.ts";
import { allocatePlane, type Row, type RowPainter, rowBytes, type StageContext } from "../rows/rows.ts";
import { placeLightTables } from "./tables.ts";

/** Changes between rows of encoded floats and one row of linear ones. Colours only. */
export type LinearRow = {
  /** Returns the row's linear colours. The next call reuses them; they may be changed in place. */
  decode(row: Row): Row;
  /** Encodes linear colours. */
  encode(linear: Row, to: Row): void;
};

/** Creates the row of linear light for pictures of a shape. */
export function createLinearRow({ space, shape }: Pick<StageContext, "space" | "shape">): LinearRow {
  const { widthPx, channels } = shape;
  const { curves } = space.use(toneKernels);
  const light = placeLightTables(space);
  const row = space.allocate(rowBytes(shape, "floats"));
  return {
    decode(from) {
      curves(from, channels, widthPx, light.linear, light.linear, light.linear, light.linearSteps, row);
      return row;
    },
    encode(linear, to) {
      curves(linear, channels, widthPx, light.encoded, light.encoded, light.encoded, light.encodedSteps, to);
    },
  };
}

/**
 * Returns a painter of rows of floats that changes only luminance. `change` replaces the sRGB-encoded luminances of a plane by linear ones. Colours are
 * mixed with black or white in linear light until they have the new luminance, so that none leaves the gamut.
 */
export function changeLuminance(context: StageContext, change: (plane: number) => void): RowPainter {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { mix, curvePlane, relight } = space.use(toneKernels);
  const { decode, encode } = createLinearRow(context);
  const { encoded, encodedSteps } = placeLightTables(space);
  const plane = allocatePlane(space, widthPx, 4);
  const [red, green, blue] = luminanceWeights;
  return (row, to) => {
    const linear = decode(row);
    mix(linear, channels, widthPx, red, green, blue, plane);
    curvePlane(plane, widthPx, encoded, encodedSteps);
    change(plane);
    relight(linear, channels, widthPx, plane, linear);
    encode(linear, to);
  };
}

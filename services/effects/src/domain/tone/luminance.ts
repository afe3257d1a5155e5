import { toneKernels } from "../../kernels/tone-kernels.ts";
import { allocatePlane, type RowPainter, type StageContext } from "../rows/rows.ts";

/**
 * Returns a painter of rows of floats that changes only luminance. `change` replaces the sRGB-encoded luminances of a plane by linear ones. Colours are
 * mixed with black or white in linear light until they have the new luminance, so that none leaves the gamut.
 */
export function changeLuminance({ space, shape }: StageContext, change: (plane: number) => void): RowPainter {
  const { widthPx, channels } = shape;
  const { toLight, relight } = space.use(toneKernels);
  const plane = allocatePlane(space, widthPx, 4);
  const stride = Math.ceil(widthPx / 16) * 64;
  const linear = space.allocate(3 * stride);
  return (row, to) => {
    toLight(row, channels, widthPx, linear, stride, plane);
    change(plane);
    relight(linear, stride, channels, widthPx, plane, to);
  };
}

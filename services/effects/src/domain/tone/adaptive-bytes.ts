import { toneKernels } from "../../kernels/tone-kernels.ts";
import type { Rgb } from "../color/color.ts";
import type { MeansPainter } from "../detail/map-means.ts";
import { toColorTable } from "../rows/color-table.ts";
import { createFloatReader } from "../rows/on-floats.ts";
import { allocatePlane, type Row, type StageContext } from "../rows/rows.ts";

/** Two colours by the grey of a pixel: `low` below `level`, a share of the mean around it, and `high` from it on. */
export type AdaptiveSplit = { readonly level: number; readonly low: Rgb; readonly high: Rgb };

/**
 * Returns the painter of an adaptive threshold for rows of bytes of three channels, with the bytes that one of floats would give. `weigh` writes the greys of a
 * row of floats; without it they are luminance, which is taken from the bytes.
 */
export function createAdaptiveBytes(
  context: StageContext,
  { level, low, high }: AdaptiveSplit,
  weigh: ((row: Row, plane: number) => void) | undefined,
): MeansPainter {
  const { space, shape } = context;
  const { thresholdBytes } = space.use(toneKernels);
  const [lowPixel, highPixel] = new Int32Array(Uint8Array.from(toColorTable([low, high], "bytes")).buffer);
  return {
    valuesOf: weigh === undefined ? createLuminance(context) : onFloatRows(context, weigh),
    paint: (values, means, to) =>
      thresholdBytes(values, means, shape.widthPx, level, lowPixel as number, highPixel as number, to),
  };
}

function createLuminance({ space, shape }: StageContext): MeansPainter["valuesOf"] {
  const { luminanceOfBytes } = space.use(toneKernels);
  const table = space.constant(linearBytes(space));
  return (row, plane) => luminanceOfBytes(row, shape.widthPx, table, plane);
}

function onFloatRows(context: StageContext, weigh: (row: Row, plane: number) => void): MeansPainter["valuesOf"] {
  const read = createFloatReader(context);
  return (row, plane) => weigh(read(row), plane);
}

/** Returns the linear light of each byte, as the kernels compute it from floats. */
function linearBytes(space: StageContext["space"]): Float32Array {
  const { bytesToFloats } = space.kernels;
  const greys = space.constant(Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)));
  const floats = space.allocate(768 * 4);
  bytesToFloats(greys, 768, floats);
  const planes = space.allocate(3 * 256 * 4);
  space.use(toneKernels).toLight(floats, 3, 256, planes, 256 * 4, allocatePlane(space, 256, 4));
  return new Float32Array(space.bytes(planes, 256 * 4).slice().buffer);
}

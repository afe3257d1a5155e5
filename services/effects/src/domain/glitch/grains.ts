import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { hash32 } from "../draw/noise.ts";
import { allocatePlane, type StageContext } from "../rows/rows.ts";

/** Returns the address of a plane of noise for row `y`. It depends only on seed, size and position. The next call reuses the plane. */
export type GrainRows = (y: number) => number;

/** Fills a plane with independent values, each drawn by the hash of `seed` + x. */
export type FillPlane = (seed: number, count: number, to: number) => void;

/** The size of grains and their form. */
export type GrainForm = {
  readonly seed: number;
  /** Side of a grain; below 1 counts as 1. */
  readonly sizePx: number;
  /** Soft grains pass into each other; others are squares. */
  readonly isSoft: boolean;
};

// The hash of 0 is 0, which would draw the lowest of all values at the first pixel of every picture with the seed 0. No seed of a setting has these bits.
const seedBits = 0x9e3779b9;

/** Returns the seed of one of several independent noises, for a seed from 0 to 2^31 - 1. */
export function seedOf(seed: number, channel: number): number {
  return hash32(hash32(seed ^ seedBits) + channel);
}

/** Returns the hash of row or band `y` for a seed of `seedOf`. */
export function hashOfRow(seed: number, y: number): number {
  return hash32(y ^ seed);
}

/**
 * Creates noise with grains of a size. Soft grains are mixed linearly between points `sizePx` apart; the weights of a mix are divided by the root of
 * the sum of their squares, so that the deviation is the same at every pixel.
 */
export function createGrains(
  { space, shape: { widthPx } }: Pick<StageContext, "space" | "shape">,
  { seed, sizePx, isSoft }: GrainForm,
  fill: FillPlane,
): GrainRows {
  const out = allocatePlane(space, widthPx, 4);
  if (sizePx <= 1) {
    return (y) => {
      fill(hashOfRow(seed, y), widthPx, out);
      return out;
    };
  }
  const { mixPlanes, mixPoints } = space.use(glitchKernels);
  const place = isSoft ? softPlace : hardPlace;
  const columns = Array.from({ length: widthPx }, (_, x) => place(x, sizePx));
  const points = (columns.at(-1)?.point ?? 0) + 2;
  const [upper, lower, mixed] = [0, 1, 2].map(() => allocatePlane(space, points, 4)) as [number, number, number];
  const places = space.constant(Int32Array.from(columns, ({ point }) => point));
  const left = space.constant(Float32Array.from(columns, ({ before }) => before));
  const right = space.constant(Float32Array.from(columns, ({ after }) => after));
  let drawnRow = -1;
  return (y) => {
    const { point, before, after } = place(y, sizePx);
    if (point !== drawnRow) {
      fill(hashOfRow(seed, point), points, upper);
      fill(hashOfRow(seed, point + 1), points, lower);
      drawnRow = point;
    }
    mixPlanes(upper, lower, points, before, after, mixed);
    mixPoints(mixed, places, left, right, widthPx, out);
    return out;
  };
}

/** The last point that is not after a pixel, and the weights of it and of the next one. */
type Place = { readonly point: number; readonly before: number; readonly after: number };

function hardPlace(pixel: number, sizePx: number): Place {
  return { point: Math.floor((pixel + 0.5) / sizePx), before: 1, after: 0 };
}

// Point p lies at the centre of grain p - 1, so that the first pixel has a point before it.
function softPlace(pixel: number, sizePx: number): Place {
  const position = (pixel + 0.5) / sizePx + 0.5;
  const point = Math.floor(position);
  const share = position - point;
  const length = Math.hypot(share, 1 - share);
  return { point, before: (1 - share) / length, after: share / length };
}

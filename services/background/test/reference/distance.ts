import type { Pace } from "@pixelmesh/lifecycle";
import type { Size } from "../../src/domain/planes/plane.ts";

/** The width and height of a pixel. */
export type Spacing = { readonly x: number; readonly y: number };

/** Larger than any squared distance within a picture, and still exact when it is added to one. */
const unreachable = 1e20;

/**
 * Returns the squared distance of each pixel's centre to the nearest one that `isTarget` accepts, in units of the spacing; at least 1e19 where there is none. By P. Felzenszwalb and
 * D. Huttenlocher, "Distance transforms of sampled functions" (2012): the lower envelope of a parabola for each pixel, down the columns and then
 * across the rows.
 */
export async function squaredDistances(
  { widthPx, heightPx }: Size,
  isTarget: (at: number) => boolean,
  spacing: Spacing,
  pace: Pace,
): Promise<Float64Array> {
  const distances = Float64Array.from({ length: widthPx * heightPx }, (_, at) => (isTarget(at) ? 0 : unreachable));
  const longest = Math.max(widthPx, heightPx);
  const line = createLine(longest);
  for (let x = 0; x < widthPx; x++) {
    line(distances, x, widthPx, heightPx, spacing.y);
    await pace(heightPx);
  }
  for (let y = 0; y < heightPx; y++) {
    line(distances, y * widthPx, 1, widthPx, spacing.x);
    await pace(widthPx);
  }
  return distances;
}

/** Creates the transform of one line of values, `count` of them from `start` on, `step` apart. */
function createLine(longest: number) {
  const values = new Float64Array(longest);
  // The parabolas of the lower envelope, and where each begins.
  const vertices = new Int32Array(longest);
  const starts = new Float64Array(longest + 1);
  return (data: Float64Array, start: number, step: number, count: number, spacing: number): void => {
    const square = spacing * spacing;
    for (let i = 0; i < count; i++) values[i] = data[start + i * step] as number;
    let top = 0;
    vertices[0] = 0;
    starts[0] = Number.NEGATIVE_INFINITY;
    starts[1] = Number.POSITIVE_INFINITY;
    for (let i = 1; i < count; i++) {
      let crossing = cross(i);
      while (crossing <= (starts[top] as number)) {
        top -= 1;
        crossing = cross(i);
      }
      top += 1;
      vertices[top] = i;
      starts[top] = crossing;
      starts[top + 1] = Number.POSITIVE_INFINITY;
    }
    top = 0;
    for (let i = 0; i < count; i++) {
      while ((starts[top + 1] as number) < i) top += 1;
      const vertex = vertices[top] as number;
      data[start + i * step] = square * (i - vertex) ** 2 + (values[vertex] as number);
    }

    /** Where the parabola of `i` crosses that of the last one of the envelope. */
    function cross(i: number): number {
      const vertex = vertices[top] as number;
      const rise = ((values[i] as number) - (values[vertex] as number)) / square;
      return (rise + i * i - vertex * vertex) / (2 * (i - vertex));
    }
  };
}

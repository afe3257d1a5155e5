/** A point of a tone curve, both from 0 to 1. */
export type CurvePoint = readonly [x: number, y: number];

/**
 * Returns the monotone cubic curve through points with rising x, 2 or more: F. Fritsch and R. Carlson, "Monotone piecewise cubic interpolation" (1980).
 * Where the points rise or fall, so does the curve, so it has no overshoot. Before the first point and after the last it is level.
 */
export function monotoneCubic(points: readonly CurvePoint[]): (x: number) => number {
  const widths: number[] = [];
  const slopes: number[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i] as CurvePoint, points[i + 1] as CurvePoint];
    widths.push(x1 - x0);
    slopes.push((y1 - y0) / (x1 - x0));
  }
  const tangents = limitTangents(slopes);
  const last = points.length - 1;
  return (x) => {
    const [[firstX, firstY], [lastX, lastY]] = [points[0] as CurvePoint, points[last] as CurvePoint];
    if (x <= firstX) return firstY;
    if (x >= lastX) return lastY;
    const k = points.findIndex(([right]) => right > x) - 1;
    const [x0, y0] = points[k] as CurvePoint;
    const [, y1] = points[k + 1] as CurvePoint;
    const [h, m0, m1] = [widths[k] as number, tangents[k] as number, tangents[k + 1] as number];
    const t = (x - x0) / h;
    const rest = 1 - t;
    return y0 * (1 + 2 * t) * rest ** 2 + h * m0 * t * rest ** 2 + y1 * t ** 2 * (3 - 2 * t) - h * m1 * t ** 2 * rest;
  };
}

/** The means of the slopes on either side, made smaller where they leave the circle of radius 3 within which a cubic is monotone. */
function limitTangents(slopes: readonly number[]): readonly number[] {
  const count = slopes.length;
  const tangents = Array.from({ length: count + 1 }, (_, i) => {
    const [left, right] = [slopes[Math.max(0, i - 1)] as number, slopes[Math.min(count - 1, i)] as number];
    return left * right <= 0 ? 0 : (left + right) / 2;
  });
  for (const [k, slope] of slopes.entries()) {
    if (slope === 0) continue;
    const [a, b] = [(tangents[k] as number) / slope, (tangents[k + 1] as number) / slope];
    const reach = Math.hypot(a, b);
    if (reach <= 3) continue;
    tangents[k] = ((3 * a) / reach) * slope;
    tangents[k + 1] = ((3 * b) / reach) * slope;
  }
  return tangents;
}

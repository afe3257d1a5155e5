type Point = readonly [x: number, y: number];

/**
 * A monotone cubic by the steps of F. Fritsch and R. Carlson (1980), section 4: three-point differences, which are zero at local extremes; then, from left to
 * right, a piece outside of the circle of radius 3 gets tangents on it. Each piece is written as a polynomial of the distance from its left point.
 */
export function monotoneCubic(points: readonly Point[]): (x: number) => number {
  const count = points.length;
  const x = points.map(([value]) => value);
  const y = points.map(([, value]) => value);
  const secant = (i: number) => (y[i + 1]! - y[i]!) / (x[i + 1]! - x[i]!);
  const d: number[] = [secant(0)];
  for (let i = 1; i < count - 1; i++) {
    const [left, right] = [secant(i - 1), secant(i)];
    d.push(Math.sign(left) === Math.sign(right) ? 0.5 * (left + right) : 0);
  }
  d.push(secant(count - 2));
  for (let i = 0; i < count - 1; i++) {
    const delta = secant(i);
    if (delta === 0) {
      d[i] = 0;
      d[i + 1] = 0;
      continue;
    }
    const alpha = d[i]! / delta;
    const beta = d[i + 1]! / delta;
    if (alpha ** 2 + beta ** 2 > 9) {
      const tau = 3 / Math.sqrt(alpha ** 2 + beta ** 2);
      d[i] = tau * alpha * delta;
      d[i + 1] = tau * beta * delta;
    }
  }
  return (at) => {
    if (at <= x[0]!) return y[0]!;
    for (let i = 0; i < count - 1; i++) {
      if (at > x[i + 1]!) continue;
      const h = x[i + 1]! - x[i]!;
      const s = at - x[i]!;
      const delta = secant(i);
      const square = (-2 * d[i]! - d[i + 1]! + 3 * delta) / h;
      const cube = (d[i]! + d[i + 1]! - 2 * delta) / h ** 2;
      return y[i]! + d[i]! * s + square * s ** 2 + cube * s ** 3;
    }
    return y[count - 1]!;
  };
}

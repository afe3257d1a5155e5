/** One pixel of a kernel, relative to the current one, and its weight. The weights of a kernel add up to 1. */
export type Tap = { readonly right: number; readonly down: number; readonly weight: number };

// Weights below this come from rounding, such as for 45°.
const leastWeight = 1e-9;

/** Returns the way of `lengthPx` in a direction: 0° is to the right, 90° up. Multiples of 90° are exact. */
export function wayOf(lengthPx: number, angleDegrees: number): { readonly right: number; readonly down: number } {
  const quarter = angleDegrees / 90;
  const turn = (Math.PI / 2) * quarter;
  const [cos, sin] = Number.isInteger(quarter)
    ? ([
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ][((quarter % 4) + 4) % 4] as [number, number])
    : [Math.cos(turn), Math.sin(turn)];
  // The sum turns -0 into 0.
  return { right: lengthPx * cos + 0, down: 0 - lengthPx * sin };
}

/**
 * Returns the kernel of a line through the current pixel's centre, half its length to each side. Each column (row, for a steep line) has the length that
 * the line covers in it, at the middle of that part, shared by linear interpolation between two pixels. A line within one pixel is that pixel.
 */
export function lineTaps(lengthPx: number, angleDegrees: number): readonly Tap[] {
  const { right, down } = wayOf(lengthPx, angleDegrees);
  // Rounding must not decide for 45° and 135°.
  const isSteep = Math.abs(down) - Math.abs(right) > lengthPx * 1e-9;
  const [along, across] = isSteep ? [down, right] : [right, down];
  const extent = Math.abs(along);
  if (extent <= 1) return [{ right: 0, down: 0, weight: 1 }];
  const slope = across / along;
  const half = extent / 2;
  const last = Math.ceil(half - 0.5);
  const taps: Tap[] = [];
  const add = (step: number, side: number, weight: number) => {
    if (weight > leastWeight)
      taps.push(isSteep ? { right: side, down: step, weight } : { right: step, down: side, weight });
  };
  for (let step = -last; step <= last; step++) {
    const [begin, end] = [Math.max(step - 0.5, -half), Math.min(step + 0.5, half)];
    const share = Math.max(0, end - begin) / extent;
    const position = slope * ((begin + end) / 2);
    const side = Math.floor(position);
    add(step, side, share * (1 - (position - side)));
    add(step, side + 1, share * (position - side));
  }
  return taps;
}

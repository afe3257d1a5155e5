import { clearEnd, entry, mirrorEnds } from "./_rows";

// Rows of the grid. The vector behind each of them is 0.

/** Weights of two boxes of five, one after the other, for values in pairs of equal distance from the middle one. */
@inline
function lowPassed(one: v128, two: v128, three: v128, four: v128, middle: v128): v128 {
  const outer = f32x4.add(f32x4.mul(one, f32x4.splat(0.04)), f32x4.mul(two, f32x4.splat(0.08)));
  const inner = f32x4.add(f32x4.mul(three, f32x4.splat(0.12)), f32x4.mul(four, f32x4.splat(0.16)));
  return f32x4.add(f32x4.add(outer, inner), f32x4.mul(middle, f32x4.splat(0.2)));
}

@inline
function pair(one: usize, other: usize): v128 {
  return f32x4.add(v128.load(one), v128.load(other));
}

/**
 * Low-passes in both directions. `rows` are the addresses of nine rows. `scratch` has space for a row with four more pixels at each end.
 */
export function lowPass(rows: usize, columns: i32, channels: i32, scratch: usize, to: usize): void {
  const bytes = <usize>(columns * channels) << 2;
  const pixel = <usize>(channels << 2);
  const down = scratch + 4 * pixel;
  for (let at: usize = 0; at < bytes; at += 16) {
    const sum = lowPassed(
      pair(entry(rows, 0) + at, entry(rows, 8) + at),
      pair(entry(rows, 1) + at, entry(rows, 7) + at),
      pair(entry(rows, 2) + at, entry(rows, 6) + at),
      pair(entry(rows, 3) + at, entry(rows, 5) + at),
      v128.load(entry(rows, 4) + at),
    );
    v128.store(down + at, sum);
  }
  mirrorEnds(down, columns, channels, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    const from = scratch + at;
    const sum = lowPassed(
      pair(from, from + 8 * pixel),
      pair(from + pixel, from + 7 * pixel),
      pair(from + 2 * pixel, from + 6 * pixel),
      pair(from + 3 * pixel, from + 5 * pixel),
      v128.load(from + 4 * pixel),
    );
    v128.store(to + at, sum);
  }
  clearEnd(to, columns * channels);
}

/**
 * Replaces sums by the part that is corrected: their mean is the sum divided by `factor` times the count. Nothing up to `tolerance`
 * levels, all from twice as many on, continuous in between. Returns 1 if a part is positive, plus 2 if one is negative.
 */
export function correct(row: usize, samples: i32, counts: usize, factor: f32, tolerance: f32): i32 {
  const zero = f32x4.splat(0);
  let up = zero;
  let down = zero;
  for (let at: usize = 0; at < <usize>samples << 2; at += 16) {
    const count = f32x4.mul(v128.load(counts + at), f32x4.splat(factor));
    const levels = f32x4.div(v128.load(row + at), count);
    const off = f32x4.abs(levels);
    const signed = v128.or(f32x4.splat(tolerance), v128.and(levels, i32x4.splat(i32.MIN_VALUE)));
    const above = f32x4.sub(levels, signed);
    const part = v128.bitselect(levels, f32x4.add(above, above), f32x4.ge(off, f32x4.splat(2 * tolerance)));
    const isOff = v128.and(f32x4.gt(count, zero), f32x4.gt(off, f32x4.splat(tolerance)));
    const rest = v128.and(f32x4.mul(part, count), isOff);
    up = v128.or(up, f32x4.gt(rest, zero));
    down = v128.or(down, f32x4.lt(rest, zero));
    v128.store(row + at, rest);
  }
  return (v128.any_true(up) ? 1 : 0) | (v128.any_true(down) ? 2 : 0);
}

/** Divides the values of one sign by ranges. */
export function divide(row: usize, samples: i32, ranges: usize, sign: f32): void {
  for (let at: usize = 0; at < <usize>samples << 2; at += 16) {
    const value = v128.load(row + at);
    const ratio = f32x4.div(value, f32x4.pmax(v128.load(ranges + at), f32x4.splat(1e-6)));
    const isOfSign = f32x4.gt(f32x4.mul(value, f32x4.splat(sign)), f32x4.splat(0));
    v128.store(row + at, v128.bitselect(ratio, value, isOfSign));
  }
}

/** Mixes two rows. Returns whether any value is not 0. */
export function mix(above: usize, below: usize, share: f32, samples: i32, to: usize): bool {
  let any = f32x4.splat(0);
  for (let at: usize = 0; at < <usize>samples << 2; at += 16) {
    const first = v128.load(above + at);
    const value = f32x4.add(first, f32x4.mul(f32x4.sub(v128.load(below + at), first), f32x4.splat(share)));
    any = v128.or(any, f32x4.ne(value, f32x4.splat(0)));
    v128.store(to + at, value);
  }
  clearEnd(to, samples);
  return v128.any_true(any);
}

import { clearEnd, entry, mirrorEnds } from "./_rows";

// Rows with the width of the source, and the grid over them.

/** Bytes minus floats. */
export function difference(bytes: usize, means: usize, samples: i32, to: usize): void {
  for (let at: usize = 0; at < <usize>samples; at += 4) {
    const values = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + at)));
    v128.store(to + (at << 2), f32x4.sub(f32x4.convert_i32x4_u(values), v128.load(means + (at << 2))));
  }
}

/** Writes 1 for each sample of a visible pixel. For those of alpha 0 it writes 0 there and to `row`. */
export function hide(alpha: usize, width: i32, channels: i32, row: usize, shown: usize): void {
  for (let x = 0; x < width; x++) {
    const isShown = load<u8>(alpha + <usize>x) != 0;
    for (let channel = 0; channel < channels; channel++) {
      store<f32>(shown, isShown ? 1 : 0);
      if (!isShown) store<f32>(row, 0);
      shown += 4;
      row += 4;
    }
  }
}

/**
 * Means of absolute values over boxes of 5 × 5 pixels, plus `least`. `rows` are the addresses of five rows. `scratch` has space for a row
 * with two more pixels at each end.
 */
export function box(rows: usize, width: i32, channels: i32, least: f32, scratch: usize, to: usize): void {
  const samples = width * channels;
  const bytes = <usize>(samples << 2);
  const pixel = <usize>(channels << 2);
  const down = scratch + 2 * pixel;
  const one = entry(rows, 0);
  const two = entry(rows, 1);
  const three = entry(rows, 2);
  const four = entry(rows, 3);
  const five = entry(rows, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    const outer = f32x4.add(f32x4.abs(v128.load(one + at)), f32x4.abs(v128.load(five + at)));
    const inner = f32x4.add(f32x4.abs(v128.load(two + at)), f32x4.abs(v128.load(four + at)));
    v128.store(down + at, f32x4.add(f32x4.add(outer, inner), f32x4.abs(v128.load(three + at))));
  }
  mirrorEnds(down, width, channels, 2);
  for (let at: usize = 0; at < bytes; at += 16) {
    const from = scratch + at;
    const outer = f32x4.add(v128.load(from), v128.load(from + 4 * pixel));
    const inner = f32x4.add(v128.load(from + pixel), v128.load(from + 3 * pixel));
    const sum = f32x4.add(f32x4.add(outer, inner), v128.load(from + 2 * pixel));
    v128.store(to + at, f32x4.add(f32x4.mul(sum, f32x4.splat(0.04)), f32x4.splat(least)));
  }
}

/** Sum of `count` rows times their shares. `terms` has 12 bytes for each: the row's address, no matter, and the share as a float. */
export function sumRows(terms: usize, count: i32, samples: i32, to: usize): void {
  const end = terms + <usize>count * 12;
  for (let at: usize = 0; at < <usize>samples << 2; at += 32) {
    let low = f32x4.splat(0);
    let high = f32x4.splat(0);
    for (let term = terms; term < end; term += 12) {
      const row = <usize>load<u32>(term) + at;
      const share = f32x4.splat(load<f32>(term, 8));
      low = f32x4.add(low, f32x4.mul(v128.load(row, 0), share));
      high = f32x4.add(high, f32x4.mul(v128.load(row, 16), share));
    }
    v128.store(to + at, low, 0);
    v128.store(to + at, high, 16);
  }
}

/**
 * The same of ranges: how far means can still be moved to `limit`, times their weights. The second address of a term is that of the
 * weights.
 */
export function sumRanges(terms: usize, count: i32, limit: f32, samples: i32, to: usize): void {
  const end = terms + <usize>count * 12;
  for (let at: usize = 0; at < <usize>samples << 2; at += 32) {
    let low = f32x4.splat(0);
    let high = f32x4.splat(0);
    for (let term = terms; term < end; term += 12) {
      const means = <usize>load<u32>(term, 0) + at;
      const weights = <usize>load<u32>(term, 4) + at;
      const share = f32x4.splat(load<f32>(term, 8));
      low = f32x4.add(low, f32x4.mul(rangeTo(limit, v128.load(means, 0)), f32x4.mul(v128.load(weights, 0), share)));
      high = f32x4.add(high, f32x4.mul(rangeTo(limit, v128.load(means, 16)), f32x4.mul(v128.load(weights, 16), share)));
    }
    v128.store(to + at, low, 0);
    v128.store(to + at, high, 16);
  }
}

@inline
function rangeTo(limit: f32, means: v128): v128 {
  return f32x4.abs(f32x4.sub(f32x4.splat(limit), means));
}

/** Spreads a row over the `cells` of a shorter one, each sample to the two that it lies between: the transpose of interpolation. */
export function spread(row: usize, channels: i32, cells: i32, begins: usize, shares: usize, to: usize): void {
  const pixel = <usize>(channels << 2);
  let right = f32x4.splat(0);
  for (let cell = 0; cell < cells; cell++) {
    let left = right;
    right = f32x4.splat(0);
    const end = load<i32>(begins, 4);
    for (let x = load<i32>(begins); x < end; x++) {
      const values = v128.load(row);
      const part = f32x4.mul(values, f32x4.splat(load<f32>(shares)));
      right = f32x4.add(right, part);
      left = f32x4.add(left, f32x4.sub(values, part));
      row += pixel;
      shares += 4;
    }
    v128.store(to, left);
    to += pixel;
    begins += 4;
  }
  v128.store(to, f32x4.splat(0));
}

/** Gains: an interpolated row of the grid's `cells`, times weights, limited to -1 to 1. */
export function weighGains(
  grid: usize, channels: i32, cells: i32, begins: usize, shares: usize, weights: usize, to: usize,
): void {
  const pixel = <usize>(channels << 2);
  for (let cell = 1; cell <= cells; cell++) {
    const left = v128.load(grid);
    const step = cell == cells ? f32x4.splat(0) : f32x4.sub(v128.load(grid + pixel), left);
    const isZero = !v128.any_true(v128.or(f32x4.ne(left, f32x4.splat(0)), f32x4.ne(step, f32x4.splat(0))));
    const end = load<i32>(begins, 4);
    for (let x = load<i32>(begins); x < end; x++) {
      if (isZero) v128.store(to, f32x4.splat(0));
      else {
        const value = f32x4.add(left, f32x4.mul(step, f32x4.splat(load<f32>(shares))));
        const gain = f32x4.mul(value, v128.load(weights));
        v128.store(to, f32x4.pmax(f32x4.splat(-1), f32x4.pmin(f32x4.splat(1), gain)));
      }
      shares += 4;
      weights += pixel;
      to += pixel;
    }
    grid += pixel;
    begins += 4;
  }
}

/** The change of means by gains. */
export function moveMeans(gains: usize, means: usize, samples: i32, to: usize): void {
  for (let at: usize = 0; at < <usize>samples << 2; at += 16) {
    const gain = v128.load(gains + at);
    const mean = v128.load(means + at);
    const range = v128.bitselect(f32x4.sub(f32x4.splat(255), mean), mean, f32x4.gt(gain, f32x4.splat(0)));
    v128.store(to + at, f32x4.mul(gain, range));
  }
}

/** to = one + sign * other. */
export function add(one: usize, other: usize, sign: f32, samples: i32, to: usize): void {
  for (let at: usize = 0; at < <usize>samples << 2; at += 16)
    v128.store(to + at, f32x4.add(v128.load(one + at), f32x4.mul(f32x4.splat(sign), v128.load(other + at))));
  clearEnd(to, samples);
}

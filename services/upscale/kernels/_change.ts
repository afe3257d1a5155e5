// Changes of an enlargement's samples. A factor has 15 bits behind the point, from -1 to 0; an offset 7, from 0 to 255.

/**
 * Combines two gains, one applied after the other: a sample `v` becomes `v + factor v + offset`. Both results are floats in the units of
 * the fixed point.
 */
export function merge(first: usize, second: usize, samples: i32, factors: usize, offsets: usize): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let at: usize = 0; at < <usize>samples << 2; at += 16) {
    const a = v128.load(first + at);
    const b = v128.load(second + at);
    const kept = f32x4.sub(one, f32x4.abs(b));
    const factor = f32x4.sub(f32x4.mul(f32x4.sub(one, f32x4.abs(a)), kept), one);
    const offset = f32x4.add(f32x4.mul(f32x4.pmax(zero, a), kept), f32x4.pmax(zero, b));
    v128.store(factors + at, f32x4.mul(factor, f32x4.splat(32768)));
    v128.store(offsets + at, f32x4.mul(offset, f32x4.splat(32640)));
  }
}

/**
 * Interpolates merged gains of `cells` source pixels to pixels of the enlargement, rounded to 16 bits. `marks` has a byte for each 16 samples: 1
 * where they can change. Factors, offsets and marks must be 0 before.
 */
export function widen(
  factors: usize, offsets: usize, channels: i32, cells: i32, begins: usize, shares: usize, toFactors: usize, toOffsets: usize, marks: usize,
): void {
  const pixel = <usize>(channels << 2);
  for (let cell = 1; cell <= cells; cell++) {
    const factor = v128.load(factors);
    const offset = v128.load(offsets);
    const isLast = cell == cells;
    const factorStep = isLast ? f32x4.splat(0) : f32x4.sub(v128.load(factors + pixel), factor);
    const offsetStep = isLast ? f32x4.splat(0) : f32x4.sub(v128.load(offsets + pixel), offset);
    if (v128.any_true(v128.or(v128.or(factor, offset), v128.or(factorStep, offsetStep)))) {
      const begin = load<i32>(begins);
      const end = load<i32>(begins, 4);
      for (let x = begin; x < end; x++) {
        const share = f32x4.splat(load<f32>(shares + (<usize>x << 2)));
        const both = i16x8.narrow_i32x4_s(
          rounded(f32x4.add(factor, f32x4.mul(factorStep, share))),
          rounded(f32x4.add(offset, f32x4.mul(offsetStep, share))),
        );
        const at = <usize>(x * channels) << 1;
        v128.store64_lane(toFactors + at, both, 0);
        v128.store64_lane(toOffsets + at, both, 1);
      }
      // The last store reaches up to three samples further.
      const last = (end * channels + 2) >> 4;
      for (let mark = (begin * channels) >> 4; mark <= last; mark++) store<u8>(marks + <usize>mark, 1);
    }
    factors += pixel;
    offsets += pixel;
    begins += 4;
  }
  const end = <usize>(load<i32>(begins) * channels) << 1;
  memory.fill(toFactors + end, 0, 32);
  memory.fill(toOffsets + end, 0, 32);
}

/** The nearest integer of values from -2^22 to 2^22: a float this large has no bits behind the point. */
@inline
function rounded(value: v128): v128 {
  return i32x4.sub(f32x4.add(value, f32x4.splat(12582912)), i32x4.splat(0x4b400000));
}

/**
 * Changes a row of bytes in place by a mixture of two rows: factors, `offsets` bytes behind them offsets, and `marks` bytes behind them marks.
 * `share` is the lower one's, with 15 bits behind the point.
 */
export function change(row: usize, samples: i32, upper: usize, lower: usize, offsets: usize, marks: usize, share: i32): void {
  const shares = i16x8.splat(<i16>share);
  const upperMarks = upper + marks;
  const lowerMarks = lower + marks;
  const blocks = <usize>(samples + 15) >> 4;
  for (let block: usize = 0; block < blocks; block++) {
    if ((load<u8>(upperMarks + block) | load<u8>(lowerMarks + block)) == 0) continue;
    const at = block << 4;
    const above = upper + (block << 5);
    const below = lower + (block << 5);
    const bytes = v128.load(row + at);
    const low = changed(i16x8.extend_low_i8x16_u(bytes), above, below, offsets, shares);
    const high = changed(i16x8.extend_high_i8x16_u(bytes), above + 16, below + 16, offsets, shares);
    v128.store(row + at, i8x16.narrow_i16x8_u(low, high));
  }
}

@inline
function changed(samples: v128, upper: usize, lower: usize, offsets: usize, share: v128): v128 {
  const factor = mixed(v128.load(upper), v128.load(lower), share);
  const offset = mixed(v128.load(upper + offsets), v128.load(lower + offsets), share);
  const value = i16x8.shl(samples, 7);
  const sum = i16x8.add(i16x8.add(value, i16x8.q15mulr_sat_s(value, factor)), offset);
  return i16x8.shr_s(i16x8.add_sat_s(sum, i16x8.splat(64)), 7);
}

@inline
function mixed(above: v128, below: v128, share: v128): v128 {
  return i16x8.add(above, i16x8.q15mulr_sat_s(i16x8.sub_sat_s(below, above), share));
}

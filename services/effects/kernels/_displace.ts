// Displaced samples.
import { pairAt, valuesAt } from "./_mix";
import { alphaOf, blueOf, redOf, unit } from "./_pixels";

/**
 * One channel of `to`: the sample `offset` pixels to the left in `from`, or the own one where that pixel is invisible. Past an edge it is that of
 * the edge, or, wrapped, the pixel from the other side.
 */
export function shiftChannel(
  from: usize, own: usize, channels: i32, channel: i32, count: i32, offset: i32, isWrapped: bool, to: usize,
): void {
  if (channels == 3) shiftOf(from, own, 3, channel, count, offset, isWrapped, to);
  else shiftOf(from, own, 4, channel, count, offset, isWrapped, to);
}

@inline
function shiftOf(
  from: usize, own: usize, channels: i32, channel: i32, count: i32, offset: i32, isWrapped: bool, to: usize,
): void {
  const step = <usize>channels << 2;
  const last = count - 1;
  const at = <usize>channel << 2;
  let source = isWrapped ? (count - offset % count) % count : -offset;
  for (let x = 0; x < count; x++) {
    const place = source < 0 ? 0 : source > last ? last : source;
    const pixel = from + <usize>place * step;
    if (channels == 3) store<f32>(to + at, load<f32>(pixel + at));
    else store<f32>(to + at, load<f32>(pixel, 12) > 0 ? load<f32>(pixel + at) : load<f32>(own + at));
    source += 1;
    if (isWrapped && source == count) source = 0;
    own += step;
    to += step;
  }
}

/**
 * Three padded planes, `stride` bytes apart: the linear light of red and of blue, times alpha, and alpha. The outermost values are repeated
 * `padPx` times on either side.
 */
export function splitPlanes(
  row: usize, channels: i32, count: i32, padPx: i32, table: usize, steps: f64, to: usize, stride: usize,
): void {
  const begin = to + (<usize>padPx << 2);
  const scale = f64x2.splat(steps);
  // Values past the end may be any. They are written again below, or never read.
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 16, row += <usize>channels << 4) {
    const red = unit(channels == 3 ? redOf(row, 3) : redOf(row, 4));
    const blue = unit(channels == 3 ? blueOf(row, 3) : blueOf(row, 4));
    if (channels == 3) {
      const one = f64x2.splat(1);
      v128.store(begin + x, valuesAt(table, scale, red, one));
      v128.store(begin + x + stride, valuesAt(table, scale, blue, one));
    } else {
      const alpha = alphaOf(row);
      v128.store(begin + x, weightedAt(table, scale, red, alpha));
      v128.store(begin + x + stride, weightedAt(table, scale, blue, alpha));
      v128.store(begin + x + 2 * stride, alpha);
    }
  }
  for (let plane: usize = 0, planes = <usize>(channels - 1); plane < planes; plane++) {
    const first = load<f32>(begin + plane * stride);
    const end = begin + plane * stride + (<usize>count << 2);
    const last = load<f32>(end - 4);
    for (let i: usize = 0, size = <usize>padPx << 2; i < size; i += 4) {
      store<f32>(to + plane * stride + i, first);
      store<f32>(end + i, last);
    }
  }
}

/** The curve at four floats, times four weights, as floats. */
@inline
function weightedAt(table: usize, steps: v128, values: v128, weights: v128): v128 {
  const low = pairAt(table, steps, f64x2.promote_low_f32x4(values));
  const high = pairAt(table, steps, f64x2.promote_low_f32x4(v128.shuffle<i64>(values, values, 1, 1)));
  const upper = v128.shuffle<i64>(weights, weights, 1, 1);
  return v128.shuffle<i64>(
    f32x4.demote_f64x2_zero(f64x2.mul(low, f64x2.promote_low_f32x4(weights))),
    f32x4.demote_f64x2_zero(f64x2.mul(high, f64x2.promote_low_f32x4(upper))), 0, 2,
  );
}

/**
 * One channel of `to` from two rows of a plane, mixed between neighbours by `right` and between the rows by `down`, encoded by a curve. Divides by
 * the same mix of alpha, unless `upperAlpha` is 0. Where that is 0, the sample is left as it is.
 */
export function splitChannel(
  upper: usize, lower: usize, upperAlpha: usize, lowerAlpha: usize, right: f32, down: f32,
  table: usize, steps: f64, channels: i32, channel: i32, count: i32, to: usize,
): void {
  const step = <usize>channels << 2;
  to += <usize>channel << 2;
  const scale = f64x2.splat(steps);
  const one = f64x2.splat(1);
  for (let x = 0; x < count; x += 4) {
    let light = mixedAt(upper, lower, right, down);
    let weight = f32x4.splat(1);
    if (upperAlpha != 0) {
      weight = mixedAt(upperAlpha, lowerAlpha, right, down);
      light = f32x4.div(light, weight);
      upperAlpha += 16;
      lowerAlpha += 16;
    }
    const sample = valuesAt(table, scale, unit(light), one);
    if (f32x4.extract_lane(weight, 0) > 0) store<f32>(to, f32x4.extract_lane(sample, 0));
    if (x + 1 < count && f32x4.extract_lane(weight, 1) > 0) store<f32>(to + step, f32x4.extract_lane(sample, 1));
    if (x + 2 < count && f32x4.extract_lane(weight, 2) > 0) store<f32>(to + 2 * step, f32x4.extract_lane(sample, 2));
    if (x + 3 < count && f32x4.extract_lane(weight, 3) > 0) store<f32>(to + 3 * step, f32x4.extract_lane(sample, 3));
    upper += 16;
    lower += 16;
    to += step << 2;
  }
}

@inline
function mixedAt(upper: usize, lower: usize, right: f32, down: f32): v128 {
  const toRight = f32x4.splat(right);
  const left = f32x4.splat(1 - right);
  const top = f32x4.add(f32x4.mul(v128.load(upper), left), f32x4.mul(v128.load(upper, 4), toRight));
  if (down == 0) return top;
  const bottom = f32x4.add(f32x4.mul(v128.load(lower), left), f32x4.mul(v128.load(lower, 4), toRight));
  return f32x4.add(f32x4.mul(top, f32x4.splat(1 - down)), f32x4.mul(bottom, f32x4.splat(down)));
}

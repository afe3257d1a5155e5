// Displaced samples.
import { valueAt } from "./_mix";

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
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 4) {
    const alpha: f64 = channels == 4 ? <f64>load<f32>(row, 12) : 1;
    store<f32>(begin + x, <f32>(valueAt(table, steps, <f64>load<f32>(row, 0)) * alpha));
    store<f32>(begin + x + stride, <f32>(valueAt(table, steps, <f64>load<f32>(row, 8)) * alpha));
    if (channels == 4) store<f32>(begin + x + 2 * stride, <f32>alpha);
    row += channels << 2;
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
  for (let x = 0; x < count; x += 4) {
    let light = mixedAt(upper, lower, right, down);
    let weight = f32x4.splat(1);
    if (upperAlpha != 0) {
      weight = mixedAt(upperAlpha, lowerAlpha, right, down);
      light = f32x4.div(light, weight);
      upperAlpha += 16;
      lowerAlpha += 16;
    }
    encodeTo(f32x4.extract_lane(light, 0), f32x4.extract_lane(weight, 0), table, steps, to);
    if (x + 1 < count) encodeTo(f32x4.extract_lane(light, 1), f32x4.extract_lane(weight, 1), table, steps, to + step);
    if (x + 2 < count) encodeTo(f32x4.extract_lane(light, 2), f32x4.extract_lane(weight, 2), table, steps, to + 2 * step);
    if (x + 3 < count) encodeTo(f32x4.extract_lane(light, 3), f32x4.extract_lane(weight, 3), table, steps, to + 3 * step);
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

@inline
function encodeTo(light: f32, weight: f32, table: usize, steps: f64, to: usize): void {
  if (weight > 0) store<f32>(to, <f32>valueAt(table, steps, unitOf(light)));
}

@inline
export function unitOf(value: f32): f64 {
  return value > 0 ? (value < 1 ? <f64>value : 1) : 0;
}

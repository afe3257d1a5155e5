// Kernels of the effects of the group "glitch". `GlitchKernels` in src/kernels/glitch-kernels.ts describes each function.
import { integerOf } from "./_convert";
import { valueAt } from "./_mix";

// Noise from a hash of the position.

/** C. Wellons' "lowbias32" for four integers, as `hash32` in src/domain/draw/noise.ts. */
@inline
function hashOf(values: v128): v128 {
  let h = values;
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x21f0aaad));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0xd35a2d97));
  return v128.xor(h, i32x4.shr_u(h, 15));
}

/** to[x] = the entry of a table of 8192 floats at the upper 13 bits of the hash of seed + x. */
export function drawn(seed: i32, count: i32, table: usize, to: usize): void {
  let position = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  for (let x = 0; x < count; x += 4) {
    const at = i32x4.shl(i32x4.shr_u(hashOf(position), 19), 2);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 0)), 0);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 1)), 4);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 2)), 8);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 3)), 12);
    position = i32x4.add(position, i32x4.splat(4));
    to += 16;
  }
}

/** to[x] = -1 where the hash of seed + x is below `bound`, 1 where it is as close to the upper end, else 0. `bound` is at most 2^31. */
export function specks(seed: i32, count: i32, bound: i32, to: usize): void {
  let position = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  const share = i32x4.splat(bound);
  for (let x = 0; x < count; x += 4) {
    const h = hashOf(position);
    const black = v128.and(i32x4.lt_u(h, share), f32x4.splat(-1));
    const white = v128.and(i32x4.lt_u(v128.not(h), share), f32x4.splat(1));
    v128.store(to, v128.or(black, white));
    position = i32x4.add(position, i32x4.splat(4));
    to += 16;
  }
}

/** to[x] = upper[x] * upperWeight + lower[x] * lowerWeight. */
export function mixPlanes(upper: usize, lower: usize, count: i32, upperWeight: f32, lowerWeight: f32, to: usize): void {
  const a = f32x4.splat(upperWeight);
  const b = f32x4.splat(lowerWeight);
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 16) {
    v128.store(to + x, f32x4.add(f32x4.mul(v128.load(upper + x), a), f32x4.mul(v128.load(lower + x), b)));
  }
}

/** to[x] = left[x] * points[places[x]] + right[x] * points[places[x] + 1]. */
export function mixPoints(points: usize, places: usize, left: usize, right: usize, count: i32, to: usize): void {
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 4) {
    const at = points + (<usize>load<i32>(places + x) << 2);
    store<f32>(to + x, load<f32>(left + x) * load<f32>(at, 0) + load<f32>(right + x) * load<f32>(at, 4));
  }
}

/** to = row + one plane of noise for each colour, limited to 0 to 1. */
export function addNoise(
  row: usize, red: usize, green: usize, blue: usize, channels: i32, count: i32, isGrain: bool, to: usize,
): void {
  if (isGrain) noisyRow(row, red, green, blue, channels, count, true, to);
  else noisyRow(row, red, green, blue, channels, count, false, to);
}

@inline
function noisyRow(
  row: usize, red: usize, green: usize, blue: usize, channels: i32, count: i32, isGrain: bool, to: usize,
): void {
  let x = 0;
  const step = <usize>channels << 4;
  const none = f32x4.splat(0);
  for (; x + 4 <= count; x += 4) {
    const r = v128.load(red);
    const g = v128.load(green);
    const b = v128.load(blue);
    const low = v128.shuffle<i32>(r, g, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(r, g, 2, 6, 3, 7);
    if (channels == 3) {
      noisyAt(row, v128.shuffle<i32>(low, b, 0, 1, 4, 2), isGrain, to);
      noisyAt(row + 16, v128.shuffle<i32>(v128.shuffle<i32>(low, b, 3, 5, 0, 0), high, 0, 1, 4, 5), isGrain, to + 16);
      noisyAt(row + 32, v128.shuffle<i32>(high, b, 6, 2, 3, 7), isGrain, to + 32);
    } else {
      const lowBlue = v128.shuffle<i32>(b, none, 0, 4, 1, 5);
      const highBlue = v128.shuffle<i32>(b, none, 2, 6, 3, 7);
      noisyAt(row, v128.shuffle<i64>(low, lowBlue, 0, 2), isGrain, to);
      noisyAt(row + 16, v128.shuffle<i64>(low, lowBlue, 1, 3), isGrain, to + 16);
      noisyAt(row + 32, v128.shuffle<i64>(high, highBlue, 0, 2), isGrain, to + 32);
      noisyAt(row + 48, v128.shuffle<i64>(high, highBlue, 1, 3), isGrain, to + 48);
    }
    red += 16;
    green += 16;
    blue += 16;
    row += step;
    to += step;
  }
  for (; x < count; x++) {
    store<f32>(to, noisyOf(load<f32>(row), load<f32>(red), isGrain), 0);
    store<f32>(to, noisyOf(load<f32>(row, 4), load<f32>(green), isGrain), 4);
    store<f32>(to, noisyOf(load<f32>(row, 8), load<f32>(blue), isGrain), 8);
    red += 4;
    green += 4;
    blue += 4;
    row += channels << 2;
    to += channels << 2;
  }
}

@inline
function noisyAt(from: usize, noise: v128, isGrain: bool, to: usize): void {
  const value = v128.load(from);
  const added = isGrain ? f32x4.mul(noise, strengths(value)) : noise;
  v128.store(to, f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), f32x4.add(value, added))));
}

@inline
function strengths(value: v128): v128 {
  const parabola = f32x4.mul(value, f32x4.sub(f32x4.splat(1), value));
  return f32x4.add(f32x4.splat(0.25), f32x4.mul(f32x4.splat(3), parabola));
}

@inline
function noisyOf(value: f32, noise: f32, isGrain: bool): f32 {
  const sum: f32 = value + (isGrain ? noise * (<f32>0.25 + <f32>3 * (value * (<f32>1 - value))) : noise);
  return sum > 0 ? (sum < 1 ? sum : 1) : 0;
}

/** noise[x] *= 0.25 + 3 v (1 - v), where v is the BT.601 luma of a pixel. */
export function grainByLuma(row: usize, channels: i32, count: i32, noise: usize): void {
  for (let x = 0; x < count; x++) {
    const luma: f32 = <f32>0.299 * load<f32>(row, 0) + <f32>0.587 * load<f32>(row, 4) + <f32>0.114 * load<f32>(row, 8);
    store<f32>(noise, load<f32>(noise) * (<f32>0.25 + <f32>3 * (luma * (<f32>1 - luma))));
    row += channels << 2;
    noise += 4;
  }
}

/** to = row with each colour times its factor. */
export function scaleColors(row: usize, red: f32, green: f32, blue: f32, channels: i32, count: i32, to: usize): void {
  const step = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    store<f32>(to, load<f32>(row, 0) * red, 0);
    store<f32>(to, load<f32>(row, 4) * green, 4);
    store<f32>(to, load<f32>(row, 8) * blue, 8);
    row += step;
    to += step;
  }
}

// Displaced samples.

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
function unitOf(value: f32): f64 {
  return value > 0 ? (value < 1 ? <f64>value : 1) : 0;
}

// Blur along a line.

/** A padded row: linear light times alpha, and alpha. The outermost pixels are repeated `padPx` times on either side. */
export function padLight(row: usize, channels: i32, count: i32, padPx: i32, table: usize, steps: f64, to: usize): void {
  const step = <usize>channels << 2;
  const begin = to + <usize>padPx * step;
  let at = begin;
  for (let x = 0; x < count; x++) {
    const alpha: f64 = channels == 4 ? <f64>load<f32>(row, 12) : 1;
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 0)) * alpha), 0);
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 4)) * alpha), 4);
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 8)) * alpha), 8);
    if (channels == 4) store<f32>(at, <f32>alpha, 12);
    row += step;
    at += step;
  }
  for (let i = 0; i < padPx; i++) {
    memory.copy(to + <usize>i * step, begin, step);
    memory.copy(at + <usize>i * step, at - step, step);
  }
}

/** to[i] = the sum of weights[k] * the float i after the address taps[k]. Sums are written in blocks of 16. */
export function sumTaps(taps: usize, weights: usize, tapCount: i32, count: i32, to: usize): void {
  const size = <usize>tapCount << 2;
  for (let i: usize = 0, end = <usize>count << 2; i < end; i += 64) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let k: usize = 0; k < size; k += 4) {
      const from = <usize>load<u32>(taps + k) + i;
      const weight = v128.load32_splat(weights + k);
      a = f32x4.add(a, f32x4.mul(v128.load(from, 0), weight));
      b = f32x4.add(b, f32x4.mul(v128.load(from, 16), weight));
      c = f32x4.add(c, f32x4.mul(v128.load(from, 32), weight));
      d = f32x4.add(d, f32x4.mul(v128.load(from, 48), weight));
    }
    v128.store(to + i, a, 0);
    v128.store(to + i, b, 16);
    v128.store(to + i, c, 32);
    v128.store(to + i, d, 48);
  }
}

/**
 * to = sums of light, encoded by a curve: divided by `weight`, or by the sum of alpha; the own colour where that is 0. Alpha is the own one.
 */
export function encodeSums(
  sums: usize, weight: f32, own: usize, channels: i32, count: i32, table: usize, steps: f64, to: usize,
): void {
  const step = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    if (channels == 3) {
      for (let c: usize = 0; c < 12; c += 4) {
        store<f32>(to + c, <f32>valueAt(table, steps, unitOf(load<f32>(sums + c) / weight)));
      }
    } else if (load<f32>(sums, 12) > 0) {
      const alpha = load<f32>(sums, 12);
      for (let c: usize = 0; c < 12; c += 4) {
        store<f32>(to + c, <f32>valueAt(table, steps, unitOf(load<f32>(sums + c) / alpha)));
      }
      store<f32>(to, load<f32>(own, 12), 12);
    } else v128.store(to, v128.load(own));
    sums += step;
    own += step;
    to += step;
  }
}

// Sorted runs of pixels.

/**
 * `to` = the colours of `row`, with runs of pixels sorted by a key. Keys and the limits `low` and `high` are 65535ths. A run has visible pixels with a
 * luma within the limits, at most `limit` of them. `by` is 0 for luma, 1 for hue, 2 for saturation. `scratch` has 16 bytes for each pixel and 1024
 * bytes more.
 */
export function sortRuns(
  row: usize, channels: i32, count: i32, by: i32, isFalling: bool, low: i32, high: i32, limit: i32, scratch: usize, to: usize,
): void {
  const step = <usize>channels << 2;
  const turned = isFalling ? 65535 : 0;
  const entries = scratch + 1024;
  const spare = entries + (<usize>count << 3);
  let length = 0;
  for (let x = 0; x < count; x++) {
    const pixel = row + <usize>x * step;
    const r = <f64>load<f32>(pixel, 0);
    const g = <f64>load<f32>(pixel, 4);
    const b = <f64>load<f32>(pixel, 8);
    const sum = 0.299 * r + 0.587 * g + 0.114 * b;
    const luma = keyOf(sum < 1 ? sum : 1);
    const isIn = luma >= low && luma <= high && (channels == 3 || load<f32>(pixel, 12) > 0);
    if (length > 0 && (!isIn || length == limit)) {
      writeSorted(row, x - length, length, step, entries, spare, scratch, to);
      length = 0;
    }
    if (isIn) {
      const key = by == 0 ? luma : keyOf(by == 1 ? hueOf(r, g, b) : saturationOf(r, g, b));
      store<u64>(entries + (<usize>length << 3), (<u64>(key ^ turned) << 32) | <u64>x);
      length += 1;
    } else copyColor(pixel, to + <usize>x * step);
  }
  if (length > 0) writeSorted(row, count - length, length, step, entries, spare, scratch, to);
}

/** A share from 0 to 1 in 65535ths. */
@inline
function keyOf(share: f64): i32 {
  return integerOf(Math.floor(share * 65535 + 0.5));
}

@inline
function copyColor(from: usize, to: usize): void {
  store<u64>(to, load<u64>(from));
  store<u32>(to, load<u32>(from, 8), 8);
}

@inline
function writeSorted(
  row: usize, start: i32, length: i32, step: usize, entries: usize, spare: usize, counts: usize, to: usize,
): void {
  sortEntries(entries, length, spare, counts);
  let at = to + <usize>start * step;
  for (let i: usize = 0, end = <usize>length << 3; i < end; i += 8) {
    copyColor(row + <usize>load<u32>(entries + i) * step, at);
    at += step;
  }
}

// Entries are a key of 16 bits above a place: all differ, so that equal keys keep their order in any method.
function sortEntries(entries: usize, length: i32, spare: usize, counts: usize): void {
  if (length <= 40) {
    const end = entries + (<usize>length << 3);
    for (let next = entries + 8; next < end; next += 8) {
      const entry = load<u64>(next);
      let at = next;
      for (; at > entries && load<u64>(at - 8) > entry; at -= 8) store<u64>(at, load<u64>(at - 8));
      store<u64>(at, entry);
    }
    return;
  }
  countingPass(entries, length, spare, counts, 4);
  countingPass(spare, length, entries, counts, 5);
}

/** A stable counting sort by one byte of the entries. */
@inline
function countingPass(from: usize, length: i32, to: usize, counts: usize, byte: usize): void {
  memory.fill(counts, 0, 1024);
  const end = from + (<usize>length << 3);
  for (let at = from; at < end; at += 8) {
    const slot = counts + (<usize>load<u8>(at + byte) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let sum: u32 = 0;
  for (let slot = counts; slot < counts + 1024; slot += 4) {
    const size = load<u32>(slot);
    store<u32>(slot, sum);
    sum += size;
  }
  for (let at = from; at < end; at += 8) {
    const slot = counts + (<usize>load<u8>(at + byte) << 2);
    const place = load<u32>(slot);
    store<u32>(slot, place + 1);
    store<u64>(to + (<usize>place << 3), load<u64>(at));
  }
}

/** Hue as a share of the circle, 0 for greys: A. R. Smith, "Color gamut transform pairs" (1978). */
@inline
function hueOf(r: f64, g: f64, b: f64): f64 {
  const most = Math.max(r, Math.max(g, b));
  const range = most - Math.min(r, Math.min(g, b));
  if (range <= 0) return 0;
  if (most == r) {
    const sixths = (g - b) / range;
    return (sixths < 0 ? sixths + 6 : sixths) / 6;
  }
  return (most == g ? (b - r) / range + 2 : (r - g) / range + 4) / 6;
}

/** Saturation of the same model (HSV). */
@inline
function saturationOf(r: f64, g: f64, b: f64): f64 {
  const most = Math.max(r, Math.max(g, b));
  return most > 0 ? (most - Math.min(r, Math.min(g, b))) / most : 0;
}

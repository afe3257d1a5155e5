// Blurs in linear light by rows, and means of planes.
import { alphaOf, decoded, encoded, placeConstants } from "./_pixels";

// Fixed-point numbers: a float up to 2^22, added to 1.5 * 2^23, has its nearest integer in its lowest bits.
const ROUND: f32 = 12582912;
const ROUND_BITS: i32 = 0x4b400000;

@inline
function toInteger(values: v128): v128 {
  return i32x4.sub(f32x4.add(values, f32x4.splat(ROUND)), i32x4.splat(ROUND_BITS));
}

/** Linear light of a row. Four channels: times alpha, which is last. */
export function toLinearRow(from: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  if (channels == 3) {
    for (const end = to + <usize>(count * 12); to < end; to += 16, from += 16) v128.store(to, decoded(v128.load(from)));
    return;
  }
  for (const end = to + (<usize>count << 4); to < end; to += 16, from += 16) {
    const pixel = v128.load(from);
    const alpha = v128.shuffle<i32>(pixel, pixel, 3, 3, 3, 3);
    v128.store(to, v128.shuffle<i32>(f32x4.mul(decoded(pixel), alpha), pixel, 0, 1, 2, 7));
  }
}

/** Colours of means of linear light. Four channels: they are divided by the mean of alpha as `meanOf` does; alpha is that of `own`. */
export function toEncodedRow(means: usize, own: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  if (channels == 3) {
    const samples = count * 3;
    let i: i32 = 0;
    for (; i + 4 <= samples; i += 4, to += 16, means += 16) v128.store(to, encoded(v128.load(means)));
    for (; i < samples; i++, to += 4, means += 4) store<f32>(to, f32x4.extract_lane(encoded(v128.load32_splat(means)), 0));
    return;
  }
  for (const end = to + (<usize>count << 4); to < end; to += 16, means += 16, own += 16) {
    const mean = v128.load(means);
    const pixel = v128.load(own);
    const alpha = v128.shuffle<i32>(mean, mean, 3, 3, 3, 3);
    const share = f32x4.extract_lane(mean, 3);
    let light = mean;
    // What meanOf gives, without its work in most pixels.
    if (share < 0.001) light = meanOf(mean, alpha, decoded(pixel));
    else if (share <= 0.99999) light = f32x4.div(mean, alpha);
    v128.store(to, v128.shuffle<i32>(encoded(light), pixel, 0, 1, 2, 7));
  }
}

/** Copies a row and repeats its first and last pixel `reach` times, as floats (scale 0) or as integers: times scale, rounded. */
export function padRow(from: usize, channels: i32, count: i32, reach: i32, scale: f32, to: usize): void {
  const pitch = <usize>channels << 2;
  let first = v128.load(from);
  if (scale > 0) first = toInteger(f32x4.mul(first, f32x4.splat(scale)));
  for (let i = 0; i < reach; i++, to += pitch) v128.store(to, first);
  const end = to + pitch * <usize>count;
  let at = to;
  if (scale > 0) {
    const factor = f32x4.splat(scale);
    for (; at < end; at += 16, from += 16) v128.store(at, toInteger(f32x4.mul(v128.load(from), factor)));
  } else for (; at < end; at += 16, from += 16) v128.store(at, v128.load(from));
  const last = v128.load(end - pitch);
  to = end;
  for (let i = 0; i < reach; i++, to += pitch) v128.store(to, last);
}

/** Integers as floats, times scale. */
export function toFloats(from: usize, samples: i32, scale: f32, to: usize): void {
  const factor = f32x4.splat(scale);
  for (const end = to + (<usize>samples << 2); to < end; to += 16, from += 16) {
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(v128.load(from)), factor));
  }
}

/**
 * Means of 2 * whole + 1 pixels, and of the pixel on either side of them with the weight `share`. `from` starts whole + 1 pixels before the first
 * mean. Integers.
 */
export function boxAcross(from: usize, channels: i32, count: i32, whole: i32, share: f32, to: usize): void {
  const pitch = <usize>channels << 2;
  const inBox = 2 * whole + 1;
  const length = pitch * <usize>inBox;
  const inner = f32x4.splat(1 / (<f32>inBox + share + share));
  const outer = f32x4.splat(share / (<f32>inBox + share + share));
  let sum = i32x4.splat(0);
  for (let i: usize = 0; i < length; i += pitch) sum = i32x4.add(sum, v128.load(from + i));
  for (let x = 0; x < count; x++, from += pitch, to += pitch) {
    const leaving = v128.load(from);
    sum = i32x4.add(sum, i32x4.sub(v128.load(from + length), leaving));
    const ends = i32x4.add(leaving, v128.load(from + length + pitch));
    v128.store(to, weighted(sum, inner, ends, outer));
  }
}

/** Moves sums of 2 * whole + 1 rows down by one row and writes their means, with the weight `share` for the rows next to them. Integers. */
export function boxDown(
  sums: usize, leaving: usize, entering: usize, next: usize, samples: i32, whole: i32, share: f32, to: usize,
): void {
  const inBox = 2 * whole + 1;
  const inner = f32x4.splat(1 / (<f32>inBox + share + share));
  const outer = f32x4.splat(share / (<f32>inBox + share + share));
  for (let at: usize = 0, end = <usize>samples << 2; at < end; at += 16) {
    const first = v128.load(leaving + at);
    const sum = i32x4.add(v128.load(sums + at), i32x4.sub(v128.load(entering + at), first));
    v128.store(sums + at, sum);
    v128.store(to + at, weighted(sum, inner, i32x4.add(first, v128.load(next + at)), outer));
  }
}

@inline
function weighted(sum: v128, inner: v128, ends: v128, outer: v128): v128 {
  const light = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), inner), f32x4.mul(f32x4.convert_i32x4_s(ends), outer));
  return toInteger(light);
}

/**
 * Weighted sums of 2 * reach + 1 pixels of floats. `weights` are reach + 1 floats, the middle first; `from` starts reach pixels before the first.
 */
export function tapsAcross(from: usize, channels: i32, count: i32, reach: i32, weights: usize, to: usize): void {
  const pitch = <usize>channels << 2;
  let middle = from + pitch * <usize>reach;
  const span = pitch * <usize>reach;
  const weight = v128.load32_splat(weights);
  for (const end = to + pitch * <usize>count; to < end; to += 16, middle += 16) {
    let sum = f32x4.mul(v128.load(middle), weight);
    let tap = weights + 4;
    for (let at = pitch; at <= span; at += pitch, tap += 4) {
      const pair = f32x4.add(v128.load(middle - at), v128.load(middle + at));
      sum = f32x4.add(sum, f32x4.mul(pair, v128.load32_splat(tap)));
    }
    v128.store(to, sum);
  }
}

/** Weighted sums of rows of floats. `taps` are `pairs` times: the addresses of two rows and the weight of both. */
export function tapsDown(taps: usize, pairs: i32, samples: i32, to: usize): void {
  const last = taps + <usize>(pairs * 12);
  for (let at: usize = 0, end = <usize>samples << 2; at < end; at += 32) {
    let left = f32x4.splat(0);
    let right = f32x4.splat(0);
    for (let tap = taps; tap < last; tap += 12) {
      const above = load<usize>(tap, 0) + at;
      const below = load<usize>(tap, 4) + at;
      const weight = v128.load32_splat(tap, 8);
      left = f32x4.add(left, f32x4.mul(f32x4.add(v128.load(above), v128.load(below)), weight));
      right = f32x4.add(right, f32x4.mul(f32x4.add(v128.load(above, 16), v128.load(below, 16)), weight));
    }
    v128.store(to + at, left);
    v128.store(to + at, right, 16);
  }
}

/** to[i] = the sum of the first i pixels, of count + 1 of them. Integers that may overflow: differences are right. */
export function sumAcross(from: usize, channels: i32, count: i32, to: usize): void {
  const pitch = <usize>channels << 2;
  let sum = i32x4.splat(0);
  for (let x = 0; x < count; x++, from += pitch, to += pitch) {
    v128.store(to, sum);
    sum = i32x4.add(sum, v128.load(from));
  }
  v128.store(to, sum);
}

/**
 * Weighted sums of stretches of rows as floats. `chords` are so many times: the addresses of the sums at the start and at the end of a stretch, its
 * weight, and the weight of the stretch that is longer by a pixel on either side.
 */
export function chordsDown(chords: usize, rows: i32, channels: i32, count: i32, to: usize): void {
  const pitch = <usize>channels << 2;
  const last = chords + (<usize>rows << 4);
  for (let at: usize = 0, end = pitch * <usize>count; at < end; at += 32) {
    let left = f32x4.splat(0);
    let right = f32x4.splat(0);
    for (let chord = chords; chord < last; chord += 16) {
      const start = load<usize>(chord, 0) + at;
      const stop = load<usize>(chord, 4) + at;
      const inner = v128.load32_splat(chord, 8);
      const outer = v128.load32_splat(chord, 12);
      left = f32x4.add(left, f32x4.mul(stretch(start, stop), inner));
      left = f32x4.add(left, f32x4.mul(stretch(start - pitch, stop + pitch), outer));
      right = f32x4.add(right, f32x4.mul(stretch(start + 16, stop + 16), inner));
      right = f32x4.add(right, f32x4.mul(stretch(start + 16 - pitch, stop + 16 + pitch), outer));
    }
    v128.store(to + at, left);
    v128.store(to + at, right, 16);
  }
}

@inline
function stretch(start: usize, stop: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.sub(v128.load(stop), v128.load(start)));
}

/**
 * sum / alpha. Below an alpha of 0.001, which sums are not exact enough for, it is mixed with the own value; it is that value where alpha is 0.
 * Where all is opaque it is the sum itself, so that results are those without alpha to the last bit.
 */
@inline
function meanOf(sum: v128, alpha: v128, own: v128): v128 {
  const kept = f32x4.pmax(f32x4.splat(0), f32x4.sub(f32x4.splat(1e-4), f32x4.mul(f32x4.splat(0.1), alpha)));
  const whole = f32x4.gt(alpha, f32x4.splat(0.99999));
  const total = v128.bitselect(f32x4.splat(1), f32x4.add(alpha, kept), whole);
  return f32x4.div(f32x4.add(sum, f32x4.mul(kept, own)), total);
}

/** Four values to blur: alone, or times alpha and followed by it. */
@inline
export function putValues(values: v128, alpha: v128, channels: i32, to: usize): void {
  if (channels == 3) v128.store(to, values);
  else {
    const products = f32x4.mul(values, alpha);
    v128.store(to, v128.shuffle<i32>(products, alpha, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<i32>(products, alpha, 2, 6, 3, 7), 16);
  }
}

/** Four means of such values. */
@inline
export function meansAt(blurred: usize, own: v128, channels: i32): v128 {
  if (channels == 3) return v128.load(blurred);
  const first = v128.load(blurred);
  const second = v128.load(blurred, 16);
  return meanOf(v128.shuffle<i32>(first, second, 0, 2, 4, 6), v128.shuffle<i32>(first, second, 1, 3, 5, 7), own);
}

// Means of planes.

/** A plane as values to blur, as those of `toCones`. */
export function toMeanValues(plane: usize, row: usize, channels: i32, count: i32, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    putValues(v128.load(plane), channels == 3 ? f32x4.splat(1) : alphaOf(row), channels, values);
    plane += 16;
    row += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** The means of such values; the value of `plane` where nothing around is visible. */
export function fromMeanValues(blurred: usize, plane: usize, channels: i32, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    v128.store(to, meansAt(blurred, v128.load(plane), channels));
    plane += 16;
    to += 16;
    blurred += channels == 3 ? 16 : 32;
  }
}

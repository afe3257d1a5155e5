// Blurs in linear light by rows, changes of OKLab lightness, a bilateral filter, and a pencil drawing. `DetailKernels` in
// src/kernels/detail-kernels.ts describes each function. Rows of `channels` floats or integers for each pixel lie without gaps.
import { blueYellowOf, greenRedOf, lightnessOf, longOf, mediumOf, putCones, shortOf } from "./_oklab";
import {
  alphaOf, blueOf, constant, decoded, encoded, greenOf, luminanceOf, placeConstants, putPixels, redOf, unit,
} from "./_pixels";

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
function putValues(values: v128, alpha: v128, channels: i32, to: usize): void {
  if (channels == 3) v128.store(to, values);
  else {
    const products = f32x4.mul(values, alpha);
    v128.store(to, v128.shuffle<i32>(products, alpha, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<i32>(products, alpha, 2, 6, 3, 7), 16);
  }
}

/** Four means of such values. */
@inline
function meansAt(blurred: usize, own: v128, channels: i32): v128 {
  if (channels == 3) return v128.load(blurred);
  const first = v128.load(blurred);
  const second = v128.load(blurred, 16);
  return meanOf(v128.shuffle<i32>(first, second, 0, 2, 4, 6), v128.shuffle<i32>(first, second, 1, 3, 5, 7), own);
}

/** Planes of l, m, s and, for four channels, alpha, `stride` bytes apart; and the lightness as values to blur. */
export function toCones(from: usize, channels: i32, count: i32, planes: usize, stride: usize, values: usize): void {
  placeConstants();
  if (channels == 3) cones(from, 3, count, planes, stride, values);
  else cones(from, 4, count, planes, stride, values);
}

@inline
function cones(from: usize, channels: i32, count: i32, planes: usize, stride: usize, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    const r = decoded(redOf(from, channels));
    const g = decoded(greenOf(from, channels));
    const b = decoded(blueOf(from, channels));
    const l = longOf(r, g, b);
    const m = mediumOf(r, g, b);
    const s = shortOf(r, g, b);
    const a = channels == 4 ? alphaOf(from) : l;
    v128.store(planes, l);
    v128.store(planes + stride, m);
    v128.store(planes + 2 * stride, s);
    if (channels == 4) v128.store(planes + 3 * stride, a);
    putValues(lightnessOf(l, m, s), a, channels, values);
    from += <usize>channels << 4;
    planes += 16;
    values += channels == 3 ? 16 : 32;
  }
}

/**
 * Colours with another lightness L: d = L - blurred, less by `threshold` and at least 0 in size; the change is
 * amount * d / (1 + damping * d * d) * (1 - mid + mid * 4 L (1 - L)), limited to `limit` either way.
 */
export function changeLightness(
  planes: usize, stride: usize, blurred: usize, channels: i32, count: i32,
  amount: f32, threshold: f32, damping: f32, mid: f32, limit: f32, to: usize,
): void {
  placeConstants();
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const l = v128.load(planes);
    const m = v128.load(planes + stride);
    const s = v128.load(planes + 2 * stride);
    const a = channels == 4 ? v128.load(planes + 3 * stride) : l;
    const lightness = lightnessOf(l, m, s);
    const whole = f32x4.sub(lightness, meansAt(blurred, lightness, channels));
    const bound = f32x4.splat(threshold);
    const excess = f32x4.sub(whole, f32x4.pmin(bound, f32x4.pmax(f32x4.neg(bound), whole)));
    const damped = f32x4.div(excess, f32x4.add(one, f32x4.mul(f32x4.splat(damping), f32x4.mul(excess, excess))));
    const inMiddle = f32x4.mul(f32x4.mul(f32x4.splat(4), lightness), f32x4.pmax(f32x4.splat(0), f32x4.sub(one, lightness)));
    const share = f32x4.add(f32x4.splat(1 - mid), f32x4.mul(f32x4.splat(mid), inMiddle));
    const wanted = f32x4.mul(f32x4.mul(f32x4.splat(amount), share), damped);
    const change = f32x4.pmin(f32x4.splat(limit), f32x4.pmax(f32x4.splat(-limit), wanted));
    putCones(f32x4.add(l, change), f32x4.add(m, change), f32x4.add(s, change), a, channels, count - x, to);
    planes += 16;
    blurred += channels == 3 ? 16 : 32;
    to += <usize>channels << 4;
  }
}

/**
 * Planes of OKLab lightness, a, b and, for four channels, alpha, `stride` bytes apart; each with `reach` repeated pixels before and after the
 * row.
 */
export function toLabPlanes(from: usize, channels: i32, count: i32, reach: i32, planes: usize, stride: usize): void {
  placeConstants();
  const margin = <usize>reach << 2;
  let to = planes + margin;
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const l = longOf(r, g, b);
    const m = mediumOf(r, g, b);
    const s = shortOf(r, g, b);
    v128.store(to, lightnessOf(l, m, s));
    v128.store(to + stride, greenRedOf(l, m, s));
    v128.store(to + 2 * stride, blueYellowOf(l, m, s));
    if (channels == 4) v128.store(to + 3 * stride, alphaOf(from));
    from += <usize>channels << 4;
    to += 16;
  }
  const first = planes + margin;
  const last = first + (<usize>(count - 1) << 2);
  for (let c: usize = 0; c < <usize>channels; c++) {
    const shift = c * stride;
    for (let at: usize = 4; at <= margin; at += 4) {
      store<f32>(first + shift - at, load<f32>(first + shift));
      store<f32>(last + shift + at, load<f32>(last + shift));
    }
  }
}

/**
 * A bilateral filter: colours move to the mean of the pixels at `taps`, which are the addresses of a lightness and a weight. A pixel at the
 * distance d in OKLab counts (1 - falloff d²)^8, 0 where that is negative, times its alpha. `here` is the lightness of the row itself; `color`
 * the share of a and b.
 */
export function bilateral(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, color: f32, to: usize,
): void {
  placeConstants();
  if (channels == 3) smooth(taps, tapCount, here, stride, 3, count, falloff, color, to);
  else smooth(taps, tapCount, here, stride, 4, count, falloff, color, to);
}

@inline
function smooth(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, color: f32, to: usize,
): void {
  const one = constant(20);
  const zero = f32x4.splat(0);
  const slope = f32x4.splat(-falloff);
  const last = taps + (<usize>tapCount << 3);
  const second = stride + stride;
  const third = second + stride;
  for (let x = 0; x < count; x += 4) {
    const at = <usize>x << 2;
    const own = here + at;
    const ownL = v128.load(own);
    const ownA = v128.load(own + stride);
    const ownB = v128.load(own + second);
    const alpha = channels == 4 ? v128.load(own + third) : one;
    let total = alpha;
    let sumL = zero;
    let sumA = zero;
    let sumB = zero;
    for (let tap = taps; tap < last; tap += 8) {
      const near = load<usize>(tap) + at;
      const dL = f32x4.sub(v128.load(near), ownL);
      const dA = f32x4.sub(v128.load(near + stride), ownA);
      const dB = f32x4.sub(v128.load(near + second), ownB);
      const squares = f32x4.add(f32x4.add(f32x4.mul(dL, dL), f32x4.mul(dA, dA)), f32x4.mul(dB, dB));
      const base = f32x4.pmax(zero, f32x4.add(one, f32x4.mul(squares, slope)));
      const power2 = f32x4.mul(base, base);
      const power4 = f32x4.mul(power2, power2);
      let weight = f32x4.mul(f32x4.mul(power4, power4), v128.load32_splat(tap, 4));
      if (channels == 4) weight = f32x4.mul(weight, v128.load(near + third));
      total = f32x4.add(total, weight);
      sumL = f32x4.add(sumL, f32x4.mul(weight, dL));
      sumA = f32x4.add(sumA, f32x4.mul(weight, dA));
      sumB = f32x4.add(sumB, f32x4.mul(weight, dB));
    }
    // All sums are 0 where the total is.
    const scale = f32x4.div(one, f32x4.pmax(f32x4.splat(1e-9), total));
    const share = f32x4.mul(scale, f32x4.splat(color));
    const L = f32x4.add(ownL, f32x4.mul(sumL, scale));
    const A = f32x4.add(ownA, f32x4.mul(sumA, share));
    const B = f32x4.add(ownB, f32x4.mul(sumB, share));
    const l = f32x4.add(L, both(A, B, 0.3963377774, 0.2158037573));
    const m = f32x4.sub(L, both(A, B, 0.1055613458, 0.0638541728));
    const s = f32x4.sub(L, both(A, B, 0.0894841775, 1.291485548));
    putCones(l, m, s, alpha, channels, count - x, to);
    to += <usize>channels << 4;
  }
}

@inline
function both(a: v128, b: v128, forA: f32, forB: f32): v128 {
  return f32x4.add(f32x4.mul(a, f32x4.splat(forA)), f32x4.mul(b, f32x4.splat(forB)));
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

// A pencil drawing. Its rows between two passes have the grey, the blurred grey and the shade as red, green and blue.

/** The grey of a row: its luminance (BT.709), encoded. `values` are the greys to blur, as those of `toCones`; the row's alpha is kept in `to`. */
export function toGreys(from: usize, channels: i32, count: i32, values: usize, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const a = channels == 3 ? f32x4.splat(1) : alphaOf(from);
    const grey = encoded(channels == 3 ? luminanceOf(from, 3) : luminanceOf(from, 4));
    putValues(grey, a, channels, values);
    putPixels(grey, grey, grey, a, channels, count - x, to);
    from += <usize>channels << 4;
    to += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** Greens of a row from the means of its greys. -1 where hardly anything around is visible: sums are not exact enough for an alpha below 1e-4. */
export function setMeans(row: usize, blurred: usize, channels: i32, count: i32, to: usize): void {
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const grey = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const a = channels == 3 ? one : alphaOf(row);
    let mean = unit(meansAt(blurred, one, channels));
    if (channels == 4) {
      const alphas = v128.shuffle<i32>(v128.load(blurred), v128.load(blurred, 16), 1, 3, 5, 7);
      const sums = v128.shuffle<i32>(v128.load(blurred), v128.load(blurred, 16), 0, 2, 4, 6);
      const least = f32x4.splat(1e-4);
      mean = unit(f32x4.div(sums, f32x4.pmax(least, alphas)));
      mean = v128.bitselect(f32x4.splat(-1), mean, f32x4.lt(alphas, least));
    }
    putPixels(grey, mean, one, a, channels, count - x, to);
    row += <usize>channels << 4;
    to += <usize>channels << 4;
    blurred += channels == 3 ? 16 : 32;
  }
}

/** The reds of a row as values to blur. */
export function redValues(row: usize, channels: i32, count: i32, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    if (channels == 3) putValues(redOf(row, 3), f32x4.splat(1), 3, values);
    else putValues(redOf(row, 4), alphaOf(row), 4, values);
    row += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** Blues of a row: colour dodge of the grey by the inverted means: grey / mean, at most 1. */
export function setShades(row: usize, blurred: usize, channels: i32, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    const grey = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const green = channels == 3 ? greenOf(row, 3) : greenOf(row, 4);
    const a = channels == 3 ? f32x4.splat(1) : alphaOf(row);
    const mean = meansAt(blurred, grey, channels);
    // Black is divided by a little more than 0 and stays bright where all around is black.
    const floor = f32x4.splat(<f32>(1.0 / 255.0));
    const shade = unit(f32x4.div(f32x4.add(grey, floor), f32x4.add(mean, floor)));
    putPixels(grey, green, shade, a, channels, count - x, to);
    row += <usize>channels << 4;
    to += <usize>channels << 4;
    blurred += channels == 3 ? 16 : 32;
  }
}

/** The greens of a row as a plane of floats with one more on either side. `to` is the place of the first pixel. */
export function greenPlane(row: usize, channels: i32, count: i32, to: usize): void {
  const first = to;
  for (let x = 0; x < count; x += 4) {
    v128.store(to, channels == 3 ? greenOf(row, 3) : greenOf(row, 4));
    row += <usize>channels << 4;
    to += 16;
  }
  store<f32>(first - 4, load<f32>(first));
  const last = first + (<usize>(count - 1) << 2);
  store<f32>(last + 4, load<f32>(last));
}

/**
 * Paints a row of paper and pencil (three floats each). The pencil covers 1 - (1 - line) (1 - shading (1 - shade)), where line is the gradient of
 * three planes of greens (H. Scharr's weights 3, 10, 3 over 32) times `strength`, at most 1. Greens below 0 are those of the middle.
 */
export function drawPencil(
  above: usize, here: usize, below: usize, row: usize, channels: i32, count: i32,
  strength: f32, shading: f32, paper: usize, pencil: usize, to: usize,
): void {
  const one = f32x4.splat(1);
  const three = f32x4.splat(<f32>(3.0 / 32.0));
  const ten = f32x4.splat(<f32>(10.0 / 32.0));
  for (let x = 0; x < count; x += 4) {
    const middle = v128.load(here);
    const aboveLeft = knownOr(middle, v128.load(above - 4));
    const aboveRight = knownOr(middle, v128.load(above + 4));
    const belowLeft = knownOr(middle, v128.load(below - 4));
    const belowRight = knownOr(middle, v128.load(below + 4));
    const falling = f32x4.sub(belowRight, aboveLeft);
    const rising = f32x4.sub(aboveRight, belowLeft);
    const sideways = f32x4.sub(knownOr(middle, v128.load(here + 4)), knownOr(middle, v128.load(here - 4)));
    const upright = f32x4.sub(knownOr(middle, v128.load(below)), knownOr(middle, v128.load(above)));
    const across = f32x4.add(f32x4.mul(three, f32x4.add(falling, rising)), f32x4.mul(ten, sideways));
    const down = f32x4.add(f32x4.mul(three, f32x4.sub(falling, rising)), f32x4.mul(ten, upright));
    const slope = f32x4.sqrt(f32x4.add(f32x4.mul(across, across), f32x4.mul(down, down)));
    const line = f32x4.pmin(one, f32x4.mul(f32x4.splat(strength), slope));
    const shade = channels == 3 ? blueOf(row, 3) : blueOf(row, 4);
    const a = channels == 3 ? one : alphaOf(row);
    const light = f32x4.sub(one, f32x4.mul(f32x4.splat(shading), f32x4.sub(one, shade)));
    const bare = f32x4.mul(f32x4.sub(one, line), light);
    const r = inked(bare, load<f32>(paper), load<f32>(pencil));
    const g = inked(bare, load<f32>(paper, 4), load<f32>(pencil, 4));
    const b = inked(bare, load<f32>(paper, 8), load<f32>(pencil, 8));
    putPixels(r, g, b, a, channels, count - x, to);
    above += 16;
    here += 16;
    below += 16;
    row += <usize>channels << 4;
    to += <usize>channels << 4;
  }
}

@inline
function knownOr(other: v128, value: v128): v128 {
  return v128.bitselect(other, value, f32x4.lt(value, f32x4.splat(0)));
}

@inline
function inked(bare: v128, paper: f32, pencil: f32): v128 {
  return unit(f32x4.add(f32x4.splat(pencil), f32x4.mul(bare, f32x4.splat(paper - pencil))));
}

// Blurs in linear light by rows, changes of OKLab lightness, a bilateral filter, and a pencil drawing. `DetailKernels` in
// src/kernels/detail-kernels.ts describes each function. Rows of `channels` floats or integers for each pixel lie without gaps.

// Fixed-point numbers: a float up to 2^22, added to 1.5 * 2^23, has its nearest integer in its lowest bits.
const ROUND: f32 = 12582912;
const ROUND_BITS: i32 = 0x4b400000;

@inline
function toInteger(values: v128): v128 {
  return i32x4.sub(f32x4.add(values, f32x4.splat(ROUND)), i32x4.splat(ROUND_BITS));
}

@inline
function unit(values: v128): v128 {
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), values));
}

/** c + x * p */
@inline
function horner(p: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(p, x), f32x4.splat(c));
}

/** Linear light of sRGB-encoded samples from 0 to 1: IEC 61966-2-1, its power by a minimax polynomial. The error is below 2e-6. */
@inline
function decoded(values: v128): v128 {
  let p = f32x4.splat(0.062172695994377136);
  p = horner(p, values, -0.2775934040546417);
  p = horner(p, values, 0.5443190932273865);
  p = horner(p, values, -0.6632871031761169);
  p = horner(p, values, 0.8046103119850159);
  p = horner(p, values, 0.4942459464073181);
  p = horner(p, values, 0.03466401621699333);
  p = horner(p, values, 0.0008701309561729431);
  const toe = f32x4.mul(values, f32x4.splat(<f32>(1 / 12.92)));
  return v128.bitselect(p, toe, f32x4.gt(values, f32x4.splat(0.04045)));
}

/** Samples, limited to 0 to 1, encoded: a minimax polynomial of the fourth root. The error is below 5e-7. */
@inline
function encoded(values: v128): v128 {
  const limited = unit(values);
  const root = f32x4.sqrt(f32x4.sqrt(limited));
  let p = f32x4.splat(-0.07621052116155624);
  p = horner(p, root, 0.39471423625946045);
  p = horner(p, root, -0.8984146118164062);
  p = horner(p, root, 1.2091517448425293);
  p = horner(p, root, -1.1558964252471924);
  p = horner(p, root, 1.4615259170532227);
  p = horner(p, root, 0.12357587367296219);
  p = horner(p, root, -0.05844658985733986);
  const toe = f32x4.mul(limited, f32x4.splat(12.92));
  return f32x4.pmin(f32x4.splat(1), v128.bitselect(p, toe, f32x4.gt(limited, f32x4.splat(0.0031308))));
}

/** Linear light of a row. Four channels: times alpha, which is last. */
export function toLinearRow(from: usize, channels: i32, count: i32, to: usize): void {
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

// Four pixels as vectors of their red, green, blue and alpha. A row of three channels has no alpha.

@inline
function redOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 3, 6, 6);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 2, 5);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 4, 0, 4);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 0, 4, 0, 4), 0, 1, 4, 5);
}

@inline
function greenOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 1, 4, 7, 7);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 2, 6);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 1, 5, 1, 5);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 1, 5, 1, 5), 0, 1, 4, 5);
}

@inline
function blueOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 2, 5, 5, 5);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 4, 7);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 2, 6, 2, 6);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 2, 6, 2, 6), 0, 1, 4, 5);
}

@inline
function alphaOf(from: usize): v128 {
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 3, 7, 3, 7);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 3, 7, 3, 7), 0, 1, 4, 5);
}

/** Writes the first `rest` of four pixels, at least 1. */
@inline
function putPixels(r: v128, g: v128, b: v128, a: v128, channels: i32, rest: i32, to: usize): void {
  if (rest >= 4) {
    const low = v128.shuffle<i32>(r, g, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(r, g, 2, 6, 3, 7);
    if (channels == 3) {
      v128.store(to, v128.shuffle<i32>(low, b, 0, 1, 4, 2));
      v128.store(to, v128.shuffle<i32>(v128.shuffle<i32>(low, b, 3, 5, 3, 5), high, 0, 1, 4, 5), 16);
      v128.store(to, v128.shuffle<i32>(b, high, 2, 6, 7, 3), 32);
    } else {
      const lowRest = v128.shuffle<i32>(b, a, 0, 4, 1, 5);
      const highRest = v128.shuffle<i32>(b, a, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<i32>(low, lowRest, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<i32>(low, lowRest, 2, 3, 6, 7), 16);
      v128.store(to, v128.shuffle<i32>(high, highRest, 0, 1, 4, 5), 32);
      v128.store(to, v128.shuffle<i32>(high, highRest, 2, 3, 6, 7), 48);
    }
    return;
  }
  for (let i = 0; i < rest; i++, to += <usize>channels << 2) {
    store<f32>(to, f32x4.extract_lane(r, 0), 0);
    store<f32>(to, f32x4.extract_lane(g, 0), 4);
    store<f32>(to, f32x4.extract_lane(b, 0), 8);
    if (channels == 4) store<f32>(to, f32x4.extract_lane(a, 0), 12);
    r = v128.shuffle<i32>(r, r, 1, 2, 3, 0);
    g = v128.shuffle<i32>(g, g, 1, 2, 3, 0);
    b = v128.shuffle<i32>(b, b, 1, 2, 3, 0);
    a = v128.shuffle<i32>(a, a, 1, 2, 3, 0);
  }
}

/** p * x + q * y + r * z */
@inline
function mixed(x: v128, y: v128, z: v128, p: f32, q: f32, r: f32): v128 {
  const two = f32x4.add(f32x4.mul(x, f32x4.splat(p)), f32x4.mul(y, f32x4.splat(q)));
  return f32x4.add(two, f32x4.mul(z, f32x4.splat(r)));
}

/** The cube root of values from 0 to about 1: a third of the exponent, then Halley's method twice. Below 1e-12 it is that of 1e-12. */
@inline
function cubeRoot(values: v128): v128 {
  const x = f32x4.pmax(f32x4.splat(1e-12), values);
  const third = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.convert_i32x4_s(x), f32x4.splat(<f32>(1.0 / 3.0))));
  return halley(halley(i32x4.add(third, i32x4.splat(709921077)), x), x);
}

@inline
function halley(y: v128, x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(y, y), y);
  const sum = f32x4.add(cube, x);
  return f32x4.div(f32x4.mul(y, f32x4.add(sum, x)), f32x4.add(sum, cube));
}

@inline
function cube(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, x), x);
}

// OKLab: B. Ottosson, "A perceptual color space for image processing" (2020). The cube roots of its cone responses are called l, m and s.

@inline
function lightnessOf(l: v128, m: v128, s: v128): v128 {
  return mixed(l, m, s, 0.2104542553, 0.793617785, -0.0040720468);
}

/** Writes pixels from l, m and s. Samples outside sRGB are limited. */
@inline
function putCones(l: v128, m: v128, s: v128, a: v128, channels: i32, rest: i32, to: usize): void {
  const x = cube(l);
  const y = cube(m);
  const z = cube(s);
  const r = encoded(mixed(x, y, z, 4.0767416621, -3.3077115913, 0.2309699292));
  const g = encoded(mixed(x, y, z, -1.2684380046, 2.6097574011, -0.3413193965));
  const b = encoded(mixed(x, y, z, -0.0041960863, -0.7034186147, 1.707614701));
  putPixels(r, g, b, a, channels, rest, to);
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
  if (channels == 3) cones(from, 3, count, planes, stride, values);
  else cones(from, 4, count, planes, stride, values);
}

@inline
function cones(from: usize, channels: i32, count: i32, planes: usize, stride: usize, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    const r = decoded(redOf(from, channels));
    const g = decoded(greenOf(from, channels));
    const b = decoded(blueOf(from, channels));
    const l = cubeRoot(mixed(r, g, b, 0.4122214708, 0.5363325363, 0.0514459929));
    const m = cubeRoot(mixed(r, g, b, 0.2119034982, 0.6806995451, 0.1073969566));
    const s = cubeRoot(mixed(r, g, b, 0.0883024619, 0.2817188376, 0.6299787005));
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
  const margin = <usize>reach << 2;
  let to = planes + margin;
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const l = cubeRoot(mixed(r, g, b, 0.4122214708, 0.5363325363, 0.0514459929));
    const m = cubeRoot(mixed(r, g, b, 0.2119034982, 0.6806995451, 0.1073969566));
    const s = cubeRoot(mixed(r, g, b, 0.0883024619, 0.2817188376, 0.6299787005));
    v128.store(to, lightnessOf(l, m, s));
    v128.store(to + stride, mixed(l, m, s, 1.9779984951, -2.428592205, 0.4505937099));
    v128.store(to + 2 * stride, mixed(l, m, s, 0.0259040371, 0.7827717662, -0.808675766));
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
 * distance d in OKLab counts (1 - falloff d²)^8, 0 where that is negative, times its alpha. `here` is the lightness of the row itself; `colour`
 * the share of a and b.
 */
export function bilateral(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, colour: f32, to: usize,
): void {
  if (channels == 3) smooth(taps, tapCount, here, stride, 3, count, falloff, colour, to);
  else smooth(taps, tapCount, here, stride, 4, count, falloff, colour, to);
}

@inline
function smooth(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, colour: f32, to: usize,
): void {
  const one = f32x4.splat(1);
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
    const share = f32x4.mul(scale, f32x4.splat(colour));
    const L = f32x4.add(ownL, f32x4.mul(sumL, scale));
    const A = f32x4.add(ownA, f32x4.mul(sumA, share));
    const B = f32x4.add(ownB, f32x4.mul(sumB, share));
    const l = f32x4.add(L, mixed(A, B, zero, 0.3963377774, 0.2158037573, 0));
    const m = f32x4.sub(L, mixed(A, B, zero, 0.1055613458, 0.0638541728, 0));
    const s = f32x4.sub(L, mixed(A, B, zero, 0.0894841775, 1.291485548, 0));
    putCones(l, m, s, alpha, channels, count - x, to);
    to += <usize>channels << 4;
  }
}

// A pencil drawing. Its rows between two passes have the grey, the blurred grey and the shade as red, green and blue.

/** The grey of a row: its luminance (BT.709), encoded. `values` are the greys to blur, as those of `toCones`; the row's alpha is kept in `to`. */
export function toGreys(from: usize, channels: i32, count: i32, values: usize, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const a = channels == 3 ? f32x4.splat(1) : alphaOf(from);
    const grey = encoded(mixed(r, g, b, 0.2126, 0.7152, 0.0722));
    putValues(grey, a, channels, values);
    putPixels(grey, grey, grey, a, channels, count - x, to);
    from += <usize>channels << 4;
    to += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** Greens of a row from the means of its greys. Where there is nothing visible around, 1, as white paper. */
export function setMeans(row: usize, blurred: usize, channels: i32, count: i32, to: usize): void {
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const grey = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const a = channels == 3 ? one : alphaOf(row);
    const mean = unit(meansAt(blurred, one, channels));
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
 * three planes of greens (H. Scharr's weights 3, 10, 3 over 32) times `strength`, at most 1.
 */
export function drawPencil(
  above: usize, here: usize, below: usize, row: usize, channels: i32, count: i32,
  strength: f32, shading: f32, paper: usize, pencil: usize, to: usize,
): void {
  const one = f32x4.splat(1);
  const three = f32x4.splat(<f32>(3.0 / 32.0));
  const ten = f32x4.splat(<f32>(10.0 / 32.0));
  for (let x = 0; x < count; x += 4) {
    const falling = f32x4.sub(v128.load(below + 4), v128.load(above - 4));
    const rising = f32x4.sub(v128.load(above + 4), v128.load(below - 4));
    const sideways = f32x4.sub(v128.load(here + 4), v128.load(here - 4));
    const upright = f32x4.sub(v128.load(below), v128.load(above));
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
function inked(bare: v128, paper: f32, pencil: f32): v128 {
  return unit(f32x4.add(f32x4.splat(pencil), f32x4.mul(bare, f32x4.splat(paper - pencil))));
}

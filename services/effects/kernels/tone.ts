// Tone effects: curves, matrices, lightness, steps and local means. `ToneKernels` in src/kernels/tone-kernels.ts describes each function.
// A pixel is a vector of red, green, blue and one value that is never used: alpha, or the next pixel's red.

// Luminance weights of linear RGB: ITU-R BT.709-6, 3.2.
const weightR: f32 = 0.2126;
const weightG: f32 = 0.7152;
const weightB: f32 = 0.0722;

@inline
function putColor(to: usize, color: v128): void {
  v128.store64_lane(to, color, 0, 0);
  v128.store32_lane(to, color, 2, 8);
}

/** Limits four floats to 0 to 1. NaN becomes 0. */
@inline
function limited(values: v128): v128 {
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), values));
}

/** Whole floats from 0 to 2^23 - 1 as integers: added to 2^23, they fill the lowest bits. */
@inline
function indicesOf(whole: v128): v128 {
  return v128.and(f32x4.add(whole, f32x4.splat(8388608)), i32x4.splat(0x7fffff));
}

@inline
function entryOf(table: usize, index: i32): v128 {
  return v128.load64_zero(table + (<usize>index << 2));
}

/** A pixel with each sample mapped by its table of `steps` intervals, interpolated. Samples are limited to 0 to 1. */
@inline
function curved(pixel: v128, red: usize, green: usize, blue: usize, steps: f32): v128 {
  const position = f32x4.mul(limited(pixel), f32x4.splat(steps));
  const whole = f32x4.floor(position);
  const index = indicesOf(whole);
  const r = entryOf(red, i32x4.extract_lane(index, 0));
  const g = entryOf(green, i32x4.extract_lane(index, 1));
  const b = entryOf(blue, i32x4.extract_lane(index, 2));
  const rg = v128.shuffle<i32>(r, g, 0, 4, 1, 5);
  const left = v128.shuffle<i32>(rg, b, 0, 1, 4, 4);
  const right = v128.shuffle<i32>(rg, b, 2, 3, 5, 5);
  return f32x4.add(left, f32x4.mul(f32x4.sub(right, left), f32x4.sub(position, whole)));
}

/** Maps the colours of a row by a table for each channel. */
export function curves(
  from: usize, channels: i32, count: i32, red: usize, green: usize, blue: usize, steps: f32, to: usize,
): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    putColor(to, curved(v128.load(from), red, green, blue, steps));
    from += stride;
    to += stride;
  }
}

@inline
function timesMatrix(pixel: v128, red: v128, green: v128, blue: v128): v128 {
  const fromRed = f32x4.mul(v128.shuffle<i32>(pixel, pixel, 0, 0, 0, 0), red);
  const fromGreen = f32x4.mul(v128.shuffle<i32>(pixel, pixel, 1, 1, 1, 1), green);
  const fromBlue = f32x4.mul(v128.shuffle<i32>(pixel, pixel, 2, 2, 2, 2), blue);
  return f32x4.add(f32x4.add(fromRed, fromGreen), fromBlue);
}

/** Multiplies the colours of a row by a matrix and adds an offset. `columns` are those for red, green, blue and 1, four floats each. */
export function matrix(from: usize, channels: i32, count: i32, columns: usize, to: usize): void {
  const stride = <usize>channels << 2;
  const red = v128.load(columns, 0);
  const green = v128.load(columns, 16);
  const blue = v128.load(columns, 32);
  const offset = v128.load(columns, 48);
  for (let x = 0; x < count; x++) {
    putColor(to, limited(f32x4.add(timesMatrix(v128.load(from), red, green, blue), offset)));
    from += stride;
    to += stride;
  }
}

/** Moves colours away from their luma by `strength`, least those whose samples lie far apart. */
export function vibrance(from: usize, channels: i32, count: i32, strength: f32, to: usize): void {
  const stride = <usize>channels << 2;
  const red = f32x4.splat(0.213);
  const green = f32x4.splat(0.715);
  const blue = f32x4.splat(0.072);
  const one = f32x4.splat(1);
  const factor = f32x4.splat(strength);
  for (let x = 0; x < count; x++) {
    const pixel = v128.load(from);
    const luma = timesMatrix(pixel, red, green, blue);
    const second = v128.shuffle<i32>(pixel, pixel, 1, 2, 0, 0);
    const third = v128.shuffle<i32>(pixel, pixel, 2, 0, 1, 1);
    const spread = f32x4.sub(
      f32x4.pmax(f32x4.pmax(pixel, second), third),
      f32x4.pmin(f32x4.pmin(pixel, second), third),
    );
    const scale = f32x4.add(one, f32x4.mul(factor, f32x4.sub(one, spread)));
    putColor(to, limited(f32x4.add(luma, f32x4.mul(f32x4.sub(pixel, luma), scale))));
    from += stride;
    to += stride;
  }
}

/** to[x] = the weighted sum of a pixel's samples, limited to 0 to 1. */
export function mix(from: usize, channels: i32, count: i32, red: f32, green: f32, blue: f32, to: usize): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    const sum = load<f32>(from, 0) * red + load<f32>(from, 4) * green + load<f32>(from, 8) * blue;
    store<f32>(to, sum > 0 ? (sum < 1 ? sum : 1) : 0);
    from += stride;
    to += 4;
  }
}

/** Maps a plane by a table. */
export function curvePlane(plane: usize, count: i32, table: usize, steps: f32): void {
  const scale = f32x4.splat(steps);
  for (let x = 0; x < count; x += 4) {
    const position = f32x4.mul(limited(v128.load(plane)), scale);
    const whole = f32x4.floor(position);
    const index = indicesOf(whole);
    const first = v128.shuffle<i32>(
      entryOf(table, i32x4.extract_lane(index, 0)), entryOf(table, i32x4.extract_lane(index, 1)), 0, 4, 1, 5,
    );
    const second = v128.shuffle<i32>(
      entryOf(table, i32x4.extract_lane(index, 2)), entryOf(table, i32x4.extract_lane(index, 3)), 0, 4, 1, 5,
    );
    const left = v128.shuffle<i32>(first, second, 0, 1, 4, 5);
    const right = v128.shuffle<i32>(first, second, 2, 3, 6, 7);
    v128.store(plane, f32x4.add(left, f32x4.mul(f32x4.sub(right, left), f32x4.sub(position, whole))));
    plane += 16;
  }
}

/** Values in `levels` equal intervals, each as one of as many values from 0 to 1. */
@inline
function stepped(values: v128, levels: f32): v128 {
  // Floats of bytes that lie on a bound may be a hair below it.
  const position = f32x4.add(f32x4.mul(limited(values), f32x4.splat(levels)), f32x4.splat(1e-5));
  const index = f32x4.pmin(f32x4.splat(levels - 1), f32x4.floor(position));
  return f32x4.div(index, f32x4.splat(levels - 1));
}

/** Reduces the samples of a row to `levels` values. */
export function posterize(from: usize, channels: i32, count: i32, levels: f32, to: usize): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    putColor(to, stepped(v128.load(from), levels));
    from += stride;
    to += stride;
  }
}

/** Reduces a plane to `levels` values. */
export function posterizePlane(plane: usize, count: i32, levels: f32): void {
  for (let x = 0; x < count; x += 4) {
    v128.store(plane, stepped(v128.load(plane), levels));
    plane += 16;
  }
}

/** Mixes linear colours with black or white so that they have the luminance of a plane. */
export function relight(from: usize, channels: i32, count: i32, targets: usize, to: usize): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    const target = load<f32>(targets);
    const light = load<f32>(from, 0) * weightR + load<f32>(from, 4) * weightG + load<f32>(from, 8) * weightB;
    let scale: f32 = 1;
    let offset: f32 = 0;
    if (target > light) {
      offset = (target - light) / (1 - light);
      scale = 1 - offset;
    } else if (light > 0) {
      scale = target / light;
    }
    putColor(to, limited(f32x4.add(f32x4.mul(v128.load(from), f32x4.splat(scale)), f32x4.splat(offset))));
    from += stride;
    to += stride;
    targets += 4;
  }
}

// Lightness works on four pixels at a time, a vector for each channel.

/** The samples at `at` of four pixels. */
@inline
function channelOf(from: usize, stride: usize, at: usize): v128 {
  const first = v128.load32_lane(from + stride + at, v128.load32_zero(from + at), 1);
  const second = v128.load32_lane(from + 2 * stride + at, first, 2);
  return v128.load32_lane(from + 3 * stride + at, second, 3);
}

/** Four sums of three products. */
@inline
function sumOf(a: v128, b: v128, c: v128, forA: f32, forB: f32, forC: f32): v128 {
  const first = f32x4.add(f32x4.mul(a, f32x4.splat(forA)), f32x4.mul(b, f32x4.splat(forB)));
  return f32x4.add(first, f32x4.mul(c, f32x4.splat(forC)));
}

/** One step of Halley's method towards a cube root. */
@inline
function closerRoot(root: v128, value: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(root, root), root);
  const upper = f32x4.add(cube, f32x4.add(value, value));
  const lower = f32x4.add(f32x4.add(cube, cube), value);
  return f32x4.mul(root, f32x4.div(upper, lower));
}

/** Four cube roots, from a third of the exponent. Values up to 1e-12 give 0: products of their roots would be denormal, and slow. */
@inline
function cubeRoots(values: v128): v128 {
  const tiny = f32x4.splat(1e-12);
  const safe = f32x4.pmax(tiny, values);
  const third = f32x4.mul(f32x4.convert_i32x4_s(safe), f32x4.splat(<f32>(1.0 / 3)));
  const start = i32x4.add(i32x4.trunc_sat_f32x4_s(third), i32x4.splat(709921077));
  return v128.andnot(closerRoot(closerRoot(start, safe), safe), f32x4.le(values, tiny));
}

// The matrices of B. Ottosson, "A perceptual color space for image processing" (2020): from linear sRGB to the responses of the three kinds of cones,
// from their cube roots to lightness, and from the responses back to linear sRGB.

@inline
function longOf(red: v128, green: v128, blue: v128): v128 {
  return cubeRoots(sumOf(red, green, blue, 0.4122214708, 0.5363325363, 0.0514459929));
}

@inline
function mediumOf(red: v128, green: v128, blue: v128): v128 {
  return cubeRoots(sumOf(red, green, blue, 0.2119034982, 0.6806995451, 0.1073969566));
}

@inline
function shortOf(red: v128, green: v128, blue: v128): v128 {
  return cubeRoots(sumOf(red, green, blue, 0.0883024619, 0.2817188376, 0.6299787005));
}

@inline
function lightnessOf(long: v128, medium: v128, short: v128): v128 {
  return limited(sumOf(long, medium, short, 0.2104542553, 0.793617785, -0.0040720468));
}

/** to[x] = the OKLab lightness of a linear colour. */
export function lightness(from: usize, channels: i32, count: i32, to: usize): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x += 4) {
    const red = channelOf(from, stride, 0);
    const green = channelOf(from, stride, 4);
    const blue = channelOf(from, stride, 8);
    v128.store(to, lightnessOf(longOf(red, green, blue), mediumOf(red, green, blue), shortOf(red, green, blue)));
    from += 4 * stride;
    to += 16;
  }
}

/** The share of the way from grey to a sample outside of 0 to 1 that stays inside, at most 1. */
@inline
function roomOf(grey: v128, away: v128): v128 {
  const room = v128.bitselect(f32x4.sub(f32x4.splat(1), grey), grey, f32x4.gt(away, f32x4.splat(0)));
  return f32x4.div(room, f32x4.pmax(f32x4.splat(1e-9), f32x4.abs(away)));
}

/** Moves the OKLab lightness of linear colours by `amount` towards its opposite. Colours outside of sRGB move towards their grey until they fit. */
export function invertLightness(from: usize, channels: i32, count: i32, amount: f32, to: usize): void {
  const stride = <usize>channels << 2;
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const red = channelOf(from, stride, 0);
    const green = channelOf(from, stride, 4);
    const blue = channelOf(from, stride, 8);
    const long = longOf(red, green, blue);
    const medium = mediumOf(red, green, blue);
    const short = shortOf(red, green, blue);
    const before = lightnessOf(long, medium, short);
    const change = f32x4.mul(f32x4.sub(f32x4.sub(one, before), before), f32x4.splat(amount));
    const after = limited(f32x4.add(before, change));
    // Lightness is added to all three cube roots with the factor 1, so they change as it does.
    const l = f32x4.add(long, change);
    const m = f32x4.add(medium, change);
    const s = f32x4.add(short, change);
    const l3 = f32x4.mul(f32x4.mul(l, l), l);
    const m3 = f32x4.mul(f32x4.mul(m, m), m);
    const s3 = f32x4.mul(f32x4.mul(s, s), s);
    const grey = f32x4.mul(f32x4.mul(after, after), after);
    const r = f32x4.sub(sumOf(l3, m3, s3, 4.0767416621, -3.3077115913, 0.2309699292), grey);
    const g = f32x4.sub(sumOf(l3, m3, s3, -1.2684380046, 2.6097574011, -0.3413193965), grey);
    const b = f32x4.sub(sumOf(l3, m3, s3, -0.0041960863, -0.7034186147, 1.707614701), grey);
    const share = f32x4.pmin(one, f32x4.pmin(roomOf(grey, r), f32x4.pmin(roomOf(grey, g), roomOf(grey, b))));
    const newRed = limited(f32x4.add(grey, f32x4.mul(r, share)));
    const newGreen = limited(f32x4.add(grey, f32x4.mul(g, share)));
    const newBlue = limited(f32x4.add(grey, f32x4.mul(b, share)));
    const low = v128.shuffle<i32>(newRed, newGreen, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(newRed, newGreen, 2, 6, 3, 7);
    putColor(to, v128.shuffle<i32>(low, newBlue, 0, 1, 4, 4));
    if (x + 1 < count) putColor(to + stride, v128.shuffle<i32>(low, newBlue, 2, 3, 5, 5));
    if (x + 2 < count) putColor(to + 2 * stride, v128.shuffle<i32>(high, newBlue, 0, 1, 6, 6));
    if (x + 3 < count) putColor(to + 3 * stride, v128.shuffle<i32>(high, newBlue, 2, 3, 7, 7));
    from += 4 * stride;
    to += 4 * stride;
  }
}

/** Colours of a row from a plane, by a table for each channel. */
export function paint(
  plane: usize, count: i32, red: usize, green: usize, blue: usize, steps: f32, channels: i32, to: usize,
): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    putColor(to, curved(v128.load32_splat(plane), red, green, blue, steps));
    plane += 4;
    to += stride;
  }
}

/** Darkens or lightens the colours of a row in linear light by their distance from a centre. */
export function vignette(
  from: usize, channels: i32, count: i32,
  left: f32, across: f32, downSquared: f32, inner: f32, scale: f32, amount: f32,
  linear: usize, linearSteps: f32, encoded: usize, encodedSteps: f32, to: usize,
): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    const pixel = v128.load(from);
    const right = left + across * <f32>x;
    const distance = Mathf.sqrt(right * right + downSquared);
    const place = (distance - inner) * scale;
    if (place > 0) {
      const t: f32 = place < 1 ? place : 1;
      const strength = amount * t * t * (3 - 2 * t);
      const light = curved(pixel, linear, linear, linear, linearSteps);
      // Below 0 a share of the light is taken away; above 0 a share of what is missing to white is added.
      const end = f32x4.splat(strength > 0 ? 1 : 0);
      const share = f32x4.splat(Mathf.abs(strength));
      const moved = f32x4.add(light, f32x4.mul(f32x4.sub(end, light), share));
      putColor(to, curved(moved, encoded, encoded, encoded, encodedSteps));
    } else {
      putColor(to, limited(pixel));
    }
    from += stride;
    to += stride;
  }
}

/** Replaces a plane by 0 below a level and 1 above, smooth between if `scale` is not 0. The level is a share of a plane's, or one for all. */
export function threshold(plane: usize, means: usize, count: i32, level: f32, scale: f32): void {
  for (let x = 0; x < count; x++) {
    const value = load<f32>(plane);
    const bound = means != 0 ? load<f32>(means) * level : level;
    if (scale > 0) {
      const place = (value - bound) * scale + 0.5;
      const t: f32 = place > 0 ? (place < 1 ? place : 1) : 0;
      store<f32>(plane, t * t * (3 - 2 * t));
    } else {
      store<f32>(plane, value >= bound ? 1 : 0);
    }
    plane += 4;
    if (means != 0) means += 4;
  }
}

/** Rounds a plane to multiples of 2^-16, so that sums of products of two of them are exact. */
export function roundPlane(plane: usize, count: i32): void {
  const scale = f32x4.splat(65536);
  for (let x = 0; x < count; x += 4) {
    v128.store(plane, f32x4.div(f32x4.nearest(f32x4.mul(limited(v128.load(plane)), scale)), scale));
    plane += 16;
  }
}

/** to[x] = the alpha of a pixel of four channels, rounded in the same way. */
export function alphaPlane(from: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x++) {
    store<f32>(to + (<usize>x << 2), load<f32>(from + (<usize>x << 4), 12));
  }
  roundPlane(to, count);
}

/** Adds a row `factor` times to the sums of its columns: value times weight, and weight, as pairs of doubles. */
export function addToColumns(values: usize, weights: usize, count: i32, factor: f64, sums: usize): void {
  const end = values + (<usize>count << 2);
  if (weights == 0) {
    for (; values < end; values += 4) {
      const pair = f64x2.replace_lane(f64x2.splat(factor), 0, <f64>load<f32>(values) * factor);
      v128.store(sums, f64x2.add(v128.load(sums), pair));
      sums += 16;
    }
  } else {
    for (; values < end; values += 4) {
      const weight = <f64>load<f32>(weights) * factor;
      const pair = f64x2.replace_lane(f64x2.splat(weight), 0, <f64>load<f32>(values) * weight);
      v128.store(sums, f64x2.add(v128.load(sums), pair));
      weights += 4;
      sums += 16;
    }
  }
}

/** to[x] = the mean of `radius` columns to each side; columns past an edge are the one at the edge. Where all weights are 0, the value itself. */
export function boxMeans(sums: usize, values: usize, count: i32, radius: i32, to: usize): void {
  const last = count - 1;
  let total = f64x2.splat(0);
  for (let x = -radius; x < radius; x++) total = f64x2.add(total, v128.load(sums + (<usize>min(max(x, 0), last) << 4)));
  for (let x = 0; x < count; x++) {
    total = f64x2.add(total, v128.load(sums + (<usize>min(x + radius, last) << 4)));
    const weight = f64x2.extract_lane(total, 1);
    store<f32>(to, weight > 0 ? <f32>(f64x2.extract_lane(total, 0) / weight) : load<f32>(values));
    total = f64x2.sub(total, v128.load(sums + (<usize>max(x - radius, 0) << 4)));
    values += 4;
    to += 4;
  }
}

/** to[x] = a value moved away from its mean by `strength`, limited to 0 to 1, as doubles. */
export function enhance(values: usize, means: usize, count: i32, strength: f64, to: usize): void {
  const factor = f64x2.splat(strength);
  for (let x = 0; x < count; x += 2) {
    const value = f64x2.promote_low_f32x4(v128.load64_zero(values));
    const mean = f64x2.promote_low_f32x4(v128.load64_zero(means));
    const moved = f64x2.add(value, f64x2.mul(f64x2.sub(value, mean), factor));
    v128.store(to, f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(0), moved)));
    values += 8;
    means += 8;
    to += 16;
  }
}

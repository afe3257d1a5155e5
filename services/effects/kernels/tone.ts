// Tone effects: curves, matrices, lightness, steps and local means. `ToneKernels` in src/kernels/tone-kernels.ts describes each function.
// Where a vector is a pixel, it has red, green, blue and one value that is never used: alpha, or the next pixel's red.
import {
  blueOfCones, cube, greenOfCones, lightnessOf, longOf, mediumOf, redOfCones, shortOf,
} from "./_oklab";
import {
  alphaOf, blueOf, constant, decoded, encoded, greenOf, lightOf, luminanceOf, placeConstants, putPixels, redOf, unit,
} from "./_pixels";

@inline
function putColor(to: usize, color: v128): void {
  v128.store64_lane(to, color, 0, 0);
  v128.store32_lane(to, color, 2, 8);
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
  const position = f32x4.mul(unit(pixel), f32x4.splat(steps));
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
    putColor(to, unit(f32x4.add(timesMatrix(v128.load(from), red, green, blue), offset)));
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
    putColor(to, unit(f32x4.add(luma, f32x4.mul(f32x4.sub(pixel, luma), scale))));
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
    const position = f32x4.mul(unit(v128.load(plane)), scale);
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

/** Values in `levels` equal intervals, each as one of as many values from 0 to 1. A value below a bound by less than `slack` intervals lies on it. */
@inline
function stepped(values: v128, levels: f32, slack: f32): v128 {
  const position = f32x4.add(f32x4.mul(unit(values), f32x4.splat(levels)), f32x4.splat(slack));
  const index = f32x4.pmin(f32x4.splat(levels - 1), f32x4.floor(position));
  return f32x4.div(index, f32x4.splat(levels - 1));
}

/** Reduces the samples of a row to `levels` values. */
export function posterize(from: usize, channels: i32, count: i32, levels: f32, to: usize): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    // Floats of bytes that lie on a bound may be a hair below it.
    putColor(to, stepped(v128.load(from), levels, 1e-5));
    from += stride;
    to += stride;
  }
}

/** Reduces a plane to `levels` values, as linear light. */
export function posterizePlane(plane: usize, count: i32, levels: f32): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    // The luminance of a grey is less exact than the grey.
    v128.store(plane, decoded(stepped(v128.load(plane), levels, 5e-4)));
    plane += 16;
  }
}

/** to[x] = the luminance of an encoded colour, encoded. */
export function luminance(from: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    v128.store(to, encoded(channels == 3 ? luminanceOf(from, 3) : luminanceOf(from, 4)));
    from += <usize>channels << 4;
    to += 16;
  }
}

/** Planes of linear red, green and blue, `stride` bytes apart, and one of encoded luminance. */
export function toLight(from: usize, channels: i32, count: i32, planes: usize, stride: usize, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    v128.store(planes, r);
    v128.store(planes + stride, g);
    v128.store(planes + 2 * stride, b);
    v128.store(to, encoded(lightOf(r, g, b)));
    from += <usize>channels << 4;
    planes += 16;
    to += 16;
  }
}

/** Mixes linear colours with black or white so that they have the luminance of a plane, and encodes them. Alpha is any. */
export function relight(planes: usize, stride: usize, channels: i32, count: i32, targets: usize, to: usize): void {
  placeConstants();
  const one = constant(20);
  for (let x = 0; x < count; x += 4) {
    const r = v128.load(planes);
    const g = v128.load(planes + stride);
    const b = v128.load(planes + 2 * stride);
    const light = lightOf(r, g, b);
    const target = v128.load(targets);
    const isUp = f32x4.gt(target, light);
    const white = v128.and(f32x4.div(f32x4.sub(target, light), f32x4.sub(one, light)), isUp);
    const kept = f32x4.div(target, f32x4.pmax(f32x4.splat(1e-9), light));
    const scale = v128.bitselect(f32x4.sub(one, white), kept, isUp);
    const red = encoded(f32x4.add(f32x4.mul(r, scale), white));
    const green = encoded(f32x4.add(f32x4.mul(g, scale), white));
    const blue = encoded(f32x4.add(f32x4.mul(b, scale), white));
    putPixels(red, green, blue, one, channels, count - x, to);
    planes += 16;
    targets += 16;
    to += <usize>channels << 4;
  }
}

/** to[x] = the OKLab lightness of an encoded colour. */
export function lightness(from: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const red = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const green = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const blue = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const l = longOf(red, green, blue);
    const m = mediumOf(red, green, blue);
    const s = shortOf(red, green, blue);
    v128.store(to, unit(lightnessOf(l, m, s)));
    from += <usize>channels << 4;
    to += 16;
  }
}

/** The share of the way from grey to a sample outside of 0 to 1 that stays inside, at most 1. */
@inline
function roomOf(grey: v128, away: v128): v128 {
  const room = v128.bitselect(f32x4.sub(f32x4.splat(1), grey), grey, f32x4.gt(away, f32x4.splat(0)));
  return f32x4.div(room, f32x4.pmax(f32x4.splat(1e-9), f32x4.abs(away)));
}

/** Moves the OKLab lightness of encoded colours by `amount` towards its opposite. Colours outside of sRGB move towards their grey until they fit. */
export function invertLightness(from: usize, channels: i32, count: i32, amount: f32, to: usize): void {
  placeConstants();
  if (channels == 3) inverted(from, 3, count, amount, to);
  else inverted(from, 4, count, amount, to);
}

@inline
function inverted(from: usize, channels: i32, count: i32, amount: f32, to: usize): void {
  const one = constant(20);
  for (let x = 0; x < count; x += 4) {
    const red = decoded(redOf(from, channels));
    const green = decoded(greenOf(from, channels));
    const blue = decoded(blueOf(from, channels));
    const long = longOf(red, green, blue);
    const medium = mediumOf(red, green, blue);
    const short = shortOf(red, green, blue);
    const before = unit(lightnessOf(long, medium, short));
    const change = f32x4.mul(f32x4.sub(f32x4.sub(one, before), before), f32x4.splat(amount));
    const grey = cube(unit(f32x4.add(before, change)));
    // Lightness is added to all three cube roots with the factor 1, so they change as it does.
    const l = cube(f32x4.add(long, change));
    const m = cube(f32x4.add(medium, change));
    const s = cube(f32x4.add(short, change));
    const r = f32x4.sub(redOfCones(l, m, s), grey);
    const g = f32x4.sub(greenOfCones(l, m, s), grey);
    const b = f32x4.sub(blueOfCones(l, m, s), grey);
    const share = f32x4.pmin(one, f32x4.pmin(roomOf(grey, r), f32x4.pmin(roomOf(grey, g), roomOf(grey, b))));
    putPixels(
      encoded(f32x4.add(grey, f32x4.mul(r, share))),
      encoded(f32x4.add(grey, f32x4.mul(g, share))),
      encoded(f32x4.add(grey, f32x4.mul(b, share))),
      channels == 4 ? alphaOf(from) : one, channels, count - x, to,
    );
    from += <usize>channels << 4;
    to += <usize>channels << 4;
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
  left: f32, across: f32, downSquared: f32, inner: f32, scale: f32, amount: f32, to: usize,
): void {
  placeConstants();
  if (channels == 3) shade(from, 3, count, left, across, downSquared, inner, scale, amount, to);
  else shade(from, 4, count, left, across, downSquared, inner, scale, amount, to);
}

@inline
function shade(
  from: usize, channels: i32, count: i32,
  left: f32, across: f32, downSquared: f32, inner: f32, scale: f32, amount: f32, to: usize,
): void {
  const one = constant(20);
  // Below 0 a share of the light is taken away; above 0 a share of what is missing to white is added.
  const end = f32x4.splat(amount > 0 ? 1 : 0);
  const size = f32x4.splat(Mathf.abs(amount));
  for (let x = 0; x < count; x += 4) {
    const place = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
    const right = f32x4.add(f32x4.splat(left), f32x4.mul(f32x4.splat(across), place));
    const distance = f32x4.sqrt(f32x4.add(f32x4.mul(right, right), f32x4.splat(downSquared)));
    const t = unit(f32x4.mul(f32x4.sub(distance, f32x4.splat(inner)), f32x4.splat(scale)));
    const smooth = f32x4.mul(f32x4.mul(t, t), f32x4.sub(f32x4.splat(3), f32x4.add(t, t)));
    const share = f32x4.mul(size, smooth);
    let r = redOf(from, channels);
    let g = greenOf(from, channels);
    let b = blueOf(from, channels);
    if (v128.any_true(f32x4.gt(share, f32x4.splat(0)))) {
      r = encoded(towards(decoded(r), end, share));
      g = encoded(towards(decoded(g), end, share));
      b = encoded(towards(decoded(b), end, share));
    }
    putPixels(r, g, b, channels == 4 ? alphaOf(from) : one, channels, count - x, to);
    from += <usize>channels << 4;
    to += <usize>channels << 4;
  }
}

@inline
function towards(value: v128, end: v128, share: v128): v128 {
  return f32x4.add(value, f32x4.mul(f32x4.sub(end, value), share));
}

// A grey this little below its level counts as at it: an eightieth of the step of a byte, above the errors of luminance and of means.
const LEVEL_SLACK: f32 = 5e-5;

/** Replaces a plane by 0 below a level and 1 from it on, smooth between if `scale` is not 0. The level is a share of a plane's, or one for all. */
export function threshold(plane: usize, means: usize, count: i32, level: f32, scale: f32): void {
  const share = f32x4.splat(level);
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const value = v128.load(plane);
    const bound = means != 0 ? f32x4.mul(v128.load(means), share) : share;
    const away = f32x4.sub(value, bound);
    if (scale > 0) {
      const t = unit(f32x4.add(f32x4.mul(away, f32x4.splat(scale)), f32x4.splat(0.5)));
      v128.store(plane, f32x4.mul(f32x4.mul(t, t), f32x4.sub(f32x4.splat(3), f32x4.add(t, t))));
    } else {
      v128.store(plane, v128.and(one, f32x4.ge(away, f32x4.splat(-LEVEL_SLACK))));
    }
    plane += 16;
    if (means != 0) means += 16;
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

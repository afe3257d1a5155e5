// Curves, matrices and steps.
import { decoded, placeConstants, unit } from "./_pixels";

@inline
export function putColor(to: usize, color: v128): void {
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
export function curved(pixel: v128, red: usize, green: usize, blue: usize, steps: f32): v128 {
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

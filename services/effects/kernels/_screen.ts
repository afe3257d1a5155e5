// Halftone screens and the inks of four-colour print.
import { integerOf } from "./_convert";

/** Shapes of a halftone's dots, as in src/domain/draw/dot-screen.ts. */
const LINE: i32 = 1;
const DIAMOND: i32 = 2;

/**
 * plane[x] = the share of pixel x of row y that its dot covers, for the tone plane[x] from 0 to 1. `right` and `down` are steps in cells for each pixel,
 * `pixel` is the side of a pixel in cells. `bounds` has `steps` + 1 floats: the height of the spot function at which a dot of each tone ends.
 */
export function screenDots(
  plane: usize, count: i32, y: i32, shape: i32, right: f64, down: f64, pixel: f64, bounds: usize, steps: f64,
): void {
  const across = f64x2.splat(right);
  const along = f64x2.splat(down);
  const yDown = f64x2.splat((<f64>y + 0.5) * down);
  const yRight = f64x2.splat((<f64>y + 0.5) * right);
  const four = f64x2.splat(4);
  const side = <f32>pixel;
  const limit = f32x4.splat(<f32>steps);
  const half = f32x4.splat(0.5);
  let first = f64x2(0.5, 1.5);
  let second = f64x2(2.5, 3.5);
  for (let x = 0; x < count; x += 4) {
    const u = wrapped(f64x2.add(f64x2.mul(first, across), yDown), f64x2.add(f64x2.mul(second, across), yDown));
    const v = wrapped(f64x2.sub(yRight, f64x2.mul(first, along)), f64x2.sub(yRight, f64x2.mul(second, along)));
    const entry = i32x4.shl(i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(v128.load(plane), limit), half)), 2);
    let bound = v128.load32_zero(bounds + <usize>i32x4.extract_lane(entry, 0));
    bound = v128.load32_lane(bounds + <usize>i32x4.extract_lane(entry, 1), bound, 1);
    bound = v128.load32_lane(bounds + <usize>i32x4.extract_lane(entry, 2), bound, 2);
    bound = v128.load32_lane(bounds + <usize>i32x4.extract_lane(entry, 3), bound, 3);
    v128.store(plane, coverOf(u, v, bound, shape, side));
    plane += 16;
    first = f64x2.add(first, four);
    second = f64x2.add(second, four);
  }
}

/** Four positions in cells, as the distance to the nearest whole number, from 0 to 0.5. */
@inline
function wrapped(first: v128, second: v128): v128 {
  const a = f64x2.abs(f64x2.sub(first, f64x2.nearest(first)));
  const b = f64x2.abs(f64x2.sub(second, f64x2.nearest(second)));
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2);
}

/** The share of a pixel where the spot function lies above the bound: over a ramp as wide as a pixel across the dot's rim. */
@inline
function coverOf(u: v128, v: v128, bound: v128, shape: i32, pixel: f32): v128 {
  let height: v128;
  let slope: v128;
  if (shape == LINE) {
    height = f32x4.sub(f32x4.splat(1), f32x4.mul(f32x4.splat(4), v));
    slope = f32x4.splat(4 * pixel);
    // A pixel may hold both rims of a line, or rims of two lines.
    const two = f32x4.splat(2);
    const sum = f32x4.add(height, bound);
    const near = rampOf(f32x4.sub(height, bound), slope);
    const far = rampOf(f32x4.sub(sum, two), slope);
    const next = rampOf(f32x4.sub(f32x4.neg(sum), two), slope);
    return f32x4.pmin(f32x4.splat(1), f32x4.add(f32x4.sub(near, far), next));
  } else if (shape == DIAMOND) {
    height = f32x4.sub(f32x4.splat(1), f32x4.mul(f32x4.splat(2), f32x4.add(u, v)));
    slope = f32x4.splat(<f32>2.8284271247461903 * pixel);
  } else {
    const right = cosine(u);
    const down = cosine(v);
    height = f32x4.mul(f32x4.splat(0.5), f32x4.add(right, down));
    const squares = f32x4.sub(f32x4.splat(2), f32x4.add(f32x4.mul(right, right), f32x4.mul(down, down)));
    slope = f32x4.mul(f32x4.splat(<f32>3.141592653589793 * pixel), f32x4.sqrt(f32x4.pmax(f32x4.splat(0), squares)));
    // At the centres of dots the function is flat; a pixel there reaches half a pixel down the dot.
    const flat = <f32>9.869604401089358 * pixel * pixel;
    slope = f32x4.pmax(f32x4.splat(flat < 4 ? flat : 4), slope);
  }
  return rampOf(f32x4.sub(height, bound), slope);
}

@inline
function rampOf(above: v128, slope: v128): v128 {
  return unitOf(f32x4.add(f32x4.div(above, slope), f32x4.splat(0.5)));
}

/** cos(2πx) for x from 0 to 0.5: the sine of a quarter turn less, by its series to the 11th power; the error is below 1e-6. */
@inline
function cosine(x: v128): v128 {
  const z = f32x4.mul(f32x4.sub(f32x4.splat(0.25), x), f32x4.splat(<f32>6.283185307179586));
  const square = f32x4.mul(z, z);
  let sum = f32x4.splat(<f32>(-1.0 / 39916800));
  sum = f32x4.add(f32x4.splat(<f32>(1.0 / 362880)), f32x4.mul(sum, square));
  sum = f32x4.add(f32x4.splat(<f32>(-1.0 / 5040)), f32x4.mul(sum, square));
  sum = f32x4.add(f32x4.splat(<f32>(1.0 / 120)), f32x4.mul(sum, square));
  sum = f32x4.add(f32x4.splat(<f32>(-1.0 / 6)), f32x4.mul(sum, square));
  sum = f32x4.add(f32x4.splat(1), f32x4.mul(sum, square));
  return f32x4.mul(z, sum);
}

/** Colours of a row by shares of ink: the table has four samples of the row's format for each 4096th, from paper to ink. */
export function inkDots(shares: usize, count: i32, table: usize, channels: i32, isFloat: bool, to: usize): void {
  const end = shares + (<usize>count << 2);
  for (; shares < end; shares += 4) {
    const entry = <usize>integerOf(Math.floor(<f64>load<f32>(shares) * 4096 + 0.5));
    if (isFloat) {
      const color = table + (entry << 4);
      store<f32>(to, load<f32>(color, 0), 0);
      store<f32>(to, load<f32>(color, 4), 4);
      store<f32>(to, load<f32>(color, 8), 8);
      to += channels << 2;
    } else {
      // The fourth byte is alpha, or the next pixel's red: both are written afterwards.
      store<u32>(to, load<u32>(table + (entry << 2)));
      to += channels;
    }
  }
}

/** to[x] = 1 - plane[x], limited to 0 to 1: the tone of ink for a luminance (doubles), as floats. */
export function inkTones(plane: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x++) {
    const tone = 1 - load<f64>(plane);
    store<f32>(to, <f32>(tone > 0 ? (tone < 1 ? tone : 1) : 0));
    plane += 8;
    to += 4;
  }
}

/** Four planes of floats, `stride` bytes apart: cyan, magenta, yellow and black for light, three floats for each pixel. */
export function separateInks(light: usize, count: i32, black: f32, to: usize, stride: i32): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const share = f32x4.splat(black);
  for (let x = 0; x < count; x += 4) {
    const first = v128.load(light, 0);
    const middle = v128.load(light, 16);
    const last = v128.load(light, 32);
    const red = v128.shuffle<i32>(v128.shuffle<i32>(first, middle, 0, 3, 6, 0), last, 0, 1, 2, 5);
    const green = v128.shuffle<i32>(v128.shuffle<i32>(first, middle, 1, 4, 7, 0), last, 0, 1, 2, 6);
    const blue = v128.shuffle<i32>(v128.shuffle<i32>(first, middle, 2, 5, 0, 0), last, 0, 1, 4, 7);
    const cyan = unitOf(f32x4.sub(one, red));
    const magenta = unitOf(f32x4.sub(one, green));
    const yellow = unitOf(f32x4.sub(one, blue));
    const key = f32x4.mul(share, f32x4.pmin(cyan, f32x4.pmin(magenta, yellow)));
    const rest = f32x4.sub(one, key);
    // With full black there is nothing left for the others.
    const isOpen = f32x4.gt(rest, zero);
    v128.store(to, v128.and(isOpen, unitOf(f32x4.div(f32x4.sub(cyan, key), rest))));
    v128.store(to + stride, v128.and(isOpen, unitOf(f32x4.div(f32x4.sub(magenta, key), rest))));
    v128.store(to + 2 * stride, v128.and(isOpen, unitOf(f32x4.div(f32x4.sub(yellow, key), rest))));
    v128.store(to + 3 * stride, key);
    light += 48;
    to += 16;
  }
}

@inline
function unitOf(values: v128): v128 {
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), values));
}

/**
 * Colours of a row from such planes of shares: each ink takes all light of its complement, and black all light. `table` has a sample of the row's format
 * for each of `steps` + 1 values of light.
 */
export function overprint(
  planes: usize, stride: i32, count: i32, table: usize, steps: f32, channels: i32, isFloat: bool, to: usize,
): void {
  if (isFloat) overprintOf(planes, stride, count, table, steps, channels << 2, true, to);
  else overprintOf(planes, stride, count, table, steps, channels, false, to);
}

@inline
function overprintOf(
  planes: usize, stride: i32, count: i32, table: usize, steps: f32, pixelBytes: i32, isFloat: bool, to: usize,
): void {
  const one = f32x4.splat(1);
  const half = f32x4.splat(0.5);
  const limit = f32x4.splat(steps);
  for (let x = 0; x < count; x += 4) {
    const paper = f32x4.mul(f32x4.sub(one, v128.load(planes + 3 * stride)), limit);
    const red = entryOf(planes, paper, one, half);
    const green = entryOf(planes + stride, paper, one, half);
    const blue = entryOf(planes + 2 * stride, paper, one, half);
    putLight(to, table, i32x4.extract_lane(red, 0), i32x4.extract_lane(green, 0), i32x4.extract_lane(blue, 0), isFloat);
    if (x + 1 < count)
      putLight(to + pixelBytes, table, i32x4.extract_lane(red, 1), i32x4.extract_lane(green, 1), i32x4.extract_lane(blue, 1), isFloat);
    if (x + 2 < count)
      putLight(to + 2 * pixelBytes, table, i32x4.extract_lane(red, 2), i32x4.extract_lane(green, 2), i32x4.extract_lane(blue, 2), isFloat);
    if (x + 3 < count)
      putLight(to + 3 * pixelBytes, table, i32x4.extract_lane(red, 3), i32x4.extract_lane(green, 3), i32x4.extract_lane(blue, 3), isFloat);
    planes += 16;
    to += pixelBytes << 2;
  }
}

@inline
function entryOf(plane: usize, paper: v128, one: v128, half: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(f32x4.sub(one, v128.load(plane)), paper), half));
}

@inline
function putLight(to: usize, table: usize, red: i32, green: i32, blue: i32, isFloat: bool): void {
  if (isFloat) {
    store<f32>(to, load<f32>(table + (<usize>red << 2)), 0);
    store<f32>(to, load<f32>(table + (<usize>green << 2)), 4);
    store<f32>(to, load<f32>(table + (<usize>blue << 2)), 8);
  } else {
    store<u8>(to, load<u8>(table + <usize>red), 0);
    store<u8>(to, load<u8>(table + <usize>green), 1);
    store<u8>(to, load<u8>(table + <usize>blue), 2);
  }
}

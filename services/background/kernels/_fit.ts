import { alphaOne } from "./_guide";
import { plan } from "./_plan";

/** Variance of colour, in bytes squared, that a window needs before its edges count: 1e-5 of samples from 0 to 1. */
let ridge: f64 = 0;
/** Values this close to 0 or 1 become certain. */
let certain: f64 = 0;

/** Sets the constants of the fit, for samples from 0 to 1. */
export function setFit(epsilon: f64, certainShare: f64): void {
  ridge = epsilon * 65025;
  certain = certainShare;
}

/** Steps of the fit: at each one row enters the windows. */
export function fitStepCount(): i32 {
  return plan.heightPx + 2 * plan.radiusPx;
}

/**
 * Does the steps of the fit from `from` to before `to`, in order. In step `t` row `t` of the guide enters the windows, the
 * windows around row `t - radius` are fitted, and the means of the fits around row `t - 2 * radius` are written.
 */
export function fitSteps(from: i32, to: i32): void {
  const radius = plan.radiusPx;
  if (from == 0) {
    memory.fill(plan.windowColumns, 0, <usize>(plan.widthPx + 2 * radius + 2) << 6);
    memory.fill(plan.fitColumns, 0, <usize>(plan.widthPx + 2 * radius) << 5);
  }
  for (let t = from; t < to; t++) {
    moveWindows(guideRow(t), guideRow(t - 2 * radius - 1));
    const center = t - radius;
    if (center >= 0 && center < plan.heightPx) fitRow(center, ringRow(center));
    moveFits(ringRow(center), ringRow(center - 2 * radius - 1));
    const y = center - radius;
    if (y >= 0) meanRow(y);
  }
}

function guideRow(y: i32): usize {
  return y < 0 || y >= plan.heightPx ? plan.nothing : plan.guide + (<usize>(y * plan.widthPx) << 3);
}

function ringRow(y: i32): usize {
  if (y < 0 || y >= plan.heightPx) return plan.nothing;
  return plan.ring + (<usize>((y % plan.ringRows) * (plan.widthPx + 1)) << 4);
}

/** Number of rows or columns of a window inside the picture. */
function inside(center: i32, length: i32): i32 {
  return min(center + plan.radiusPx, length - 1) - max(center - plan.radiusPx, 0) + 1;
}

/**
 * Adds an entering row to the sums of the columns and takes a leaving one away. Each column has 16 sums: of a pixel's red,
 * green, blue and alpha, and of these times red, times green and times blue.
 */
function moveWindows(enter: usize, leave: usize): void {
  let column = plan.windowColumns + (<usize>plan.radiusPx << 6);
  for (let x = 0; x < plan.widthPx; x++) {
    const added = v128.load16x4_u(enter);
    const taken = v128.load16x4_u(leave);
    v128.store(column, i32x4.add(v128.load(column), i32x4.sub(added, taken)));
    moveProducts(column, 16, added, taken, i32x4.shuffle(added, added, 0, 0, 0, 0), i32x4.shuffle(taken, taken, 0, 0, 0, 0));
    moveProducts(column, 32, added, taken, i32x4.shuffle(added, added, 1, 1, 1, 1), i32x4.shuffle(taken, taken, 1, 1, 1, 1));
    moveProducts(column, 48, added, taken, i32x4.shuffle(added, added, 2, 2, 2, 2), i32x4.shuffle(taken, taken, 2, 2, 2, 2));
    enter += 8;
    leave += 8;
    column += 64;
  }
}

@inline
function moveProducts(column: usize, at: usize, added: v128, taken: v128, addedColor: v128, takenColor: v128): void {
  // Values below 2^15 in 32-bit lanes: this product is one instruction of all processors, unlike that of 32-bit integers.
  const change = i32x4.sub(i32x4.dot_i16x8_s(added, addedColor), i32x4.dot_i16x8_s(taken, takenColor));
  v128.store(column + at, i32x4.add(v128.load(column + at), change));
}

/** Fits the windows around the pixels of row `y`, two at a time, from the sums of the columns. */
function fitRow(y: i32, to: usize): void {
  const side = 2 * plan.radiusPx;
  const rows = inside(y, plan.heightPx);
  let leaving = plan.windowColumns;
  let entering = leaving;
  let plain = i32x4.splat(0);
  let red = plain;
  let green = plain;
  let blue = plain;
  for (let i = 0; i < side; i++) {
    plain = i32x4.add(plain, v128.load(entering));
    red = i32x4.add(red, v128.load(entering, 16));
    green = i32x4.add(green, v128.load(entering, 32));
    blue = i32x4.add(blue, v128.load(entering, 48));
    entering += 64;
  }
  for (let x = 0; x < plan.widthPx; x += 2) {
    const firstPlain = i32x4.add(plain, v128.load(entering));
    const firstRed = i32x4.add(red, v128.load(entering, 16));
    const firstGreen = i32x4.add(green, v128.load(entering, 32));
    const firstBlue = i32x4.add(blue, v128.load(entering, 48));
    const secondPlain = i32x4.add(i32x4.sub(firstPlain, v128.load(leaving)), v128.load(entering, 64));
    const secondRed = i32x4.add(i32x4.sub(firstRed, v128.load(leaving, 16)), v128.load(entering, 80));
    const secondGreen = i32x4.add(i32x4.sub(firstGreen, v128.load(leaving, 32)), v128.load(entering, 96));
    const secondBlue = i32x4.add(i32x4.sub(firstBlue, v128.load(leaving, 48)), v128.load(entering, 112));
    plain = i32x4.sub(secondPlain, v128.load(leaving, 64));
    red = i32x4.sub(secondRed, v128.load(leaving, 80));
    green = i32x4.sub(secondGreen, v128.load(leaving, 96));
    blue = i32x4.sub(secondBlue, v128.load(leaving, 112));
    const pixels = f64x2.replace_lane(
      f64x2.splat(<f64>(rows * inside(x, plan.widthPx))),
      1,
      <f64>(rows * inside(x + 1, plan.widthPx)),
    );
    fitPair(
      to,
      pixels,
      i32x4.shuffle(firstPlain, secondPlain, 0, 4, 1, 5),
      i32x4.shuffle(firstPlain, secondPlain, 2, 6, 3, 7),
      i32x4.shuffle(firstRed, secondRed, 0, 4, 1, 5),
      i32x4.shuffle(firstRed, secondRed, 2, 6, 3, 7),
      i32x4.shuffle(firstGreen, secondGreen, 1, 5, 3, 7),
      i32x4.shuffle(firstBlue, secondBlue, 2, 6, 3, 7),
      i32x4.shuffle(firstGreen, secondGreen, 2, 6, 3, 7),
    );
    to += 32;
    entering += 128;
    leaving += 128;
  }
}

@inline
function low(sums: v128): v128 {
  return f64x2.convert_low_i32x4_s(sums);
}

@inline
function high(sums: v128): v128 {
  return f64x2.convert_low_i32x4_s(i64x2.shuffle(sums, sums, 1, 1));
}

/** Returns the number of pixels squared times a covariance. Exact: these are integers below 2^53. */
@inline
function covariance(pixels: v128, products: v128, one: v128, other: v128): v128 {
  return f64x2.sub(f64x2.mul(pixels, products), f64x2.mul(one, other));
}

/** a * b - c * d */
@inline
function cross(a: v128, b: v128, c: v128, d: v128): v128 {
  return f64x2.sub(f64x2.mul(a, b), f64x2.mul(c, d));
}

/** a * u + b * v + c * w */
@inline
function dot(a: v128, u: v128, b: v128, v: v128, c: v128, w: v128): v128 {
  return f64x2.add(f64x2.add(f64x2.mul(a, u), f64x2.mul(b, v)), f64x2.mul(c, w));
}

/**
 * Solves the ridge regressions of alpha on colour of two windows by Cramer's rule, as the reference `solveSymmetric` does.
 * Sums come in pairs: two of the first window and the second one's.
 */
@inline
function fitPair(
  to: usize,
  pixels: v128,
  redGreen: v128,
  blueAlpha: v128,
  redRedGreen: v128,
  redBlueAlpha: v128,
  greenGreenAlpha: v128,
  blueBlueAlpha: v128,
  greenBlue: v128,
): void {
  const red = low(redGreen);
  const green = high(redGreen);
  const blue = low(blueAlpha);
  const alpha = high(blueAlpha);
  const penalty = f64x2.mul(f64x2.mul(pixels, pixels), f64x2.splat(ridge));
  const a = f64x2.add(covariance(pixels, low(redRedGreen), red, red), penalty);
  const b = covariance(pixels, high(redRedGreen), red, green);
  const c = covariance(pixels, low(redBlueAlpha), red, blue);
  const d = f64x2.add(covariance(pixels, low(greenGreenAlpha), green, green), penalty);
  const e = covariance(pixels, low(greenBlue), green, blue);
  const f = f64x2.add(covariance(pixels, low(blueBlueAlpha), blue, blue), penalty);
  const u = covariance(pixels, high(redBlueAlpha), red, alpha);
  const v = covariance(pixels, high(greenGreenAlpha), green, alpha);
  const w = covariance(pixels, high(blueBlueAlpha), blue, alpha);

  const df = cross(d, f, e, e);
  const ce = cross(c, e, b, f);
  const be = cross(b, e, c, d);
  const af = cross(a, f, c, c);
  const bc = cross(b, c, a, e);
  const ad = cross(a, d, b, b);
  const share = f64x2.div(f64x2.splat(1), dot(a, df, b, ce, c, be));
  const slopeRed = f64x2.mul(dot(df, u, ce, v, be, w), share);
  const slopeGreen = f64x2.mul(dot(ce, u, af, v, bc, w), share);
  const slopeBlue = f64x2.mul(dot(be, u, bc, v, ad, w), share);
  const rest = f64x2.sub(alpha, dot(slopeRed, red, slopeGreen, green, slopeBlue, blue));
  const offset = f64x2.div(rest, pixels);
  v128.store(to, toFloats(f64x2.shuffle(slopeRed, slopeGreen, 0, 2), f64x2.shuffle(slopeBlue, offset, 0, 2)));
  v128.store(to, toFloats(f64x2.shuffle(slopeRed, slopeGreen, 1, 3), f64x2.shuffle(slopeBlue, offset, 1, 3)), 16);
}

@inline
function toFloats(first: v128, second: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(second), 0, 2);
}

@inline
function change(enter: v128, leave: v128): v128 {
  return f64x2.sub(f64x2.promote_low_f32x4(enter), f64x2.promote_low_f32x4(leave));
}

@inline
function upper(pixel: v128): v128 {
  return i64x2.shuffle(pixel, pixel, 1, 1);
}

function moveFits(enter: usize, leave: usize): void {
  let column = plan.fitColumns + (<usize>plan.radiusPx << 5);
  for (let x = 0; x < plan.widthPx; x++) {
    const added = v128.load(enter);
    const taken = v128.load(leave);
    v128.store(column, f64x2.add(v128.load(column), change(added, taken)));
    v128.store(column, f64x2.add(v128.load(column, 16), change(upper(added), upper(taken))), 16);
    enter += 16;
    leave += 16;
    column += 32;
  }
}

/** Writes the means of the fits of row `y`, scaled so that certain values reach 0 and 1. */
function meanRow(y: i32): void {
  const side = 2 * plan.radiusPx;
  const rows = inside(y, plan.heightPx);
  const scale = 1 / (<f64>alphaOne * (1 - 2 * certain));
  const certainOffset = f64x2.replace_lane(f64x2.splat(0), 1, certain / (1 - 2 * certain));
  let leaving = plan.fitColumns;
  let entering = leaving;
  let to = plan.fitted + (<usize>(y * plan.widthPx) << 4);
  let first = f64x2.splat(0);
  let second = first;
  for (let i = 0; i < side; i++) {
    first = f64x2.add(first, v128.load(entering));
    second = f64x2.add(second, v128.load(entering, 16));
    entering += 32;
  }
  for (let x = 0; x < plan.widthPx; x++) {
    first = f64x2.add(first, v128.load(entering));
    second = f64x2.add(second, v128.load(entering, 16));
    const share = f64x2.splat(scale / <f64>(rows * inside(x, plan.widthPx)));
    v128.store(to, toFloats(f64x2.mul(first, share), f64x2.sub(f64x2.mul(second, share), certainOffset)));
    first = f64x2.sub(first, v128.load(leaving));
    second = f64x2.sub(second, v128.load(leaving, 16));
    entering += 32;
    leaving += 32;
    to += 16;
  }
}

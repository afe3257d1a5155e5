import { placeBytes } from "./_places";
import { plan } from "./_plan";

/** Alpha from which on a pixel keeps its colour. */
const opaque: f32 = 1;
/**
 * One in the sums over windows of each round: integers, so that sums are exact and running sums leave nothing behind. A window
 * may have 2^31 / one pixels.
 */
const farOne: f32 = 65536;
const nearOne: f32 = 2097152;
/** Adding this rounds a float from 0 to 2^22 to an integer in its lowest bits. */
const roundingFloat: f32 = 12582912;
const roundingBits: i32 = 0x4b400000;
/** Share of alpha that avoids a division by zero far from every pixel of a layer. */
let least: f32 = 0;

/** Sets the constant of the layers, a share of alpha. */
export function setLayers(leastShare: f64): void {
  least = <f32>leastShare;
}

/** Computes rows `from` to before `to` of the picture at half the working size, with the fitted alpha. */
export function halveRows(from: i32, to: i32): void {
  for (let y = from; y < to; y++) {
    const down = plan.halfDown + <usize>y * placeBytes;
    const top = load<i32>(down);
    const upper = top * plan.widthPx;
    const lower = min(top + 1, plan.heightPx - 1) * plan.widthPx;
    const share = v128.load32_splat(down, 4);
    let target = plan.picture + (<usize>(y * plan.halfWidthPx) << 4);
    let place = plan.halfAcross;
    for (let x = 0; x < plan.halfWidthPx; x++) {
      const left = load<i32>(place);
      const right = min(left + 1, plan.widthPx - 1);
      const first = mix(workingPixel(upper + left), workingPixel(lower + left), share);
      const second = mix(workingPixel(upper + right), workingPixel(lower + right), share);
      v128.store(target, mix(first, second, v128.load32_splat(place, 4)));
      place += placeBytes;
      target += 16;
    }
  }
}

@inline
function mix(from: v128, to: v128, share: v128): v128 {
  return f32x4.add(from, f32x4.mul(f32x4.sub(to, from), share));
}

/** Returns the colours of a working pixel, 0 to 1, and its fitted alpha. */
@inline
function workingPixel(at: i32): v128 {
  const bytes = f32x4.convert_i32x4_u(v128.load16x4_u(plan.guide + (<usize>at << 3)));
  const parts = f32x4.mul(f32x4.replace_lane(bytes, 3, 1), v128.load(plan.fitted + (<usize>at << 4)));
  const pairs = f32x4.add(parts, f32x4.shuffle(parts, parts, 2, 3, 0, 1));
  const sum = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
  const colors = f32x4.mul(bytes, f32x4.splat(1 / <f32>255));
  return f32x4.replace_lane(colors, 3, min<f32>(1, max<f32>(0, sum)));
}

/** Steps of a round: at each one row enters the windows. */
export function roundStepCount(radius: i32): i32 {
  return plan.halfHeightPx + radius;
}

/** Does steps of the first round: colours from afar. Gives the object's own colours and the background's. */
export function farSteps(from: i32, to: i32, radius: i32): void {
  for (let t = from; t < to; t++) {
    moveRow(plan.picture, plan.picture, t, radius, farOne);
    if (t >= radius) blurRow(t - radius, radius, true);
  }
}

/** Does steps of the second round: colours close by, 0 to 255. */
export function nearSteps(from: i32, to: i32, radius: i32): void {
  for (let t = from; t < to; t++) {
    moveRow(plan.object, plan.farBackground, t, radius, nearOne);
    if (t >= radius) blurRow(t - radius, radius, false);
  }
}

@inline
function toIntegers(samples: v128): v128 {
  return i32x4.sub(f32x4.add(samples, f32x4.splat(roundingFloat)), i32x4.splat(roundingBits));
}

/** Returns the object's colour weighted with alpha, and alpha, as integers. */
@inline
function weighForeground(pixel: v128, one: f32): v128 {
  const alpha = f32x4.mul(f32x4.shuffle(pixel, pixel, 3, 3, 3, 3), f32x4.splat(one));
  return toIntegers(f32x4.mul(f32x4.replace_lane(pixel, 3, 1), alpha));
}

/** Returns the background's colour weighted with the rest of the alpha of `pixel`, and that rest, as integers. */
@inline
function weighBackground(color: v128, pixel: v128, one: f32): v128 {
  const rest = f32x4.sub(f32x4.splat(one), f32x4.mul(f32x4.shuffle(pixel, pixel, 3, 3, 3, 3), f32x4.splat(one)));
  return toIntegers(f32x4.mul(f32x4.replace_lane(color, 3, 1), rest));
}

/** Adds row `y` to the sums of the columns, and takes the row away that leaves the windows. */
function moveRow(foreground: usize, background: usize, y: i32, radius: i32, one: f32): void {
  if (y == 0) memory.fill(plan.layerColumns, 0, <usize>(plan.halfWidthPx + 2 * radius) << 5);
  if (y < plan.halfHeightPx) changeColumns(foreground, background, y, radius, one);
  if (y > 2 * radius) changeColumns(foreground, background, y - 2 * radius - 1, radius, -one);
}

function changeColumns(foreground: usize, background: usize, y: i32, radius: i32, signedOne: f32): void {
  let column = plan.layerColumns + (<usize>radius << 5);
  const start = <usize>(y * plan.halfWidthPx) << 4;
  const end = start + (<usize>plan.halfWidthPx << 4);
  for (let at = start; at < end; at += 16) {
    const pixel = v128.load(foreground + at);
    const front = weighForeground(pixel, signedOne);
    const behind = weighBackground(v128.load(background + at), pixel, signedOne);
    v128.store(column, i32x4.add(v128.load(column), front));
    v128.store(column, i32x4.add(v128.load(column, 16), behind), 16);
    column += 32;
  }
}

/** Returns the mean colour of a layer: weighted colours over weights. */
@inline
function meanColor(sums: v128, floor: v128): v128 {
  const values = f32x4.convert_i32x4_s(sums);
  return f32x4.div(values, f32x4.add(f32x4.shuffle(values, values, 3, 3, 3, 3), floor));
}

/** Returns the object's colour of a mixed pixel, as `toForeground` of foreground.ts does, between 0 and `limit`. */
@inline
export function unmix(sample: v128, alpha: v128, foreground: v128, background: v128, limit: f32): v128 {
  const front = f32x4.mul(alpha, foreground);
  const behind = f32x4.mul(f32x4.sub(f32x4.splat(1), alpha), background);
  const corrected = f32x4.add(foreground, f32x4.mul(alpha, f32x4.sub(f32x4.sub(sample, front), behind)));
  // `pmin` and `pmax` are one instruction each; `min` and `max` also order NaN and the zeros.
  return f32x4.pmin(f32x4.pmax(corrected, f32x4.splat(0)), f32x4.splat(limit));
}

/** Writes the means of the windows around row `y`. */
function blurRow(y: i32, radius: i32, isFar: bool): void {
  const one = isFar ? farOne : nearOne;
  const width = plan.halfWidthPx;
  const rows = min(y + radius, plan.halfHeightPx - 1) - max(y - radius, 0) + 1;
  let leaving = plan.layerColumns;
  let entering = leaving;
  let front = i32x4.splat(0);
  let behind = front;
  for (let i = 0; i < 2 * radius; i++) {
    front = i32x4.add(front, v128.load(entering));
    behind = i32x4.add(behind, v128.load(entering, 16));
    entering += 32;
  }
  const start = <usize>(y * width) << 4;
  for (let x = 0; x < width; x++) {
    front = i32x4.add(front, v128.load(entering));
    behind = i32x4.add(behind, v128.load(entering, 16));
    const columns = min(x + radius, width - 1) - max(x - radius, 0) + 1;
    const floor = f32x4.splat(least * one * <f32>(rows * columns));
    const foreground = meanColor(front, floor);
    const background = meanColor(behind, floor);
    const at = start + (<usize>x << 4);
    if (isFar) {
      const pixel = v128.load(plan.picture + at);
      const alpha = f32x4.shuffle(pixel, pixel, 3, 3, 3, 3);
      const isMixed = f32x4.lt(alpha, f32x4.splat(opaque));
      const object = v128.bitselect(unmix(pixel, alpha, foreground, background, 1), pixel, isMixed);
      v128.store(plan.object + at, f32x4.replace_lane(object, 3, f32x4.extract_lane(pixel, 3)));
      v128.store(plan.farBackground + at, background);
    } else {
      v128.store(plan.picture + at, f32x4.mul(foreground, f32x4.splat(255)));
      v128.store(plan.background + at, f32x4.mul(background, f32x4.splat(255)));
    }
    front = i32x4.sub(front, v128.load(leaving));
    behind = i32x4.sub(behind, v128.load(leaving, 16));
    entering += 32;
    leaving += 32;
  }
}

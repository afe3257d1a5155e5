import { certainEnd, findCertain, layOutCertain, solidBit, startCertain } from "./_certain";
import { unmix } from "./_layers";
import { mixAt, mixRowsAt, placeBytes, writePlaces } from "./_places";
import { plan, reserve, reserveFrom } from "./_plan";

/** Pixels that are painted at once. */
const group = 4;
/** Adding this rounds a float from 0 to 255 to an integer in its lowest byte. */
const roundingFloat: f32 = 8388608;

let widthPx: i32 = 0;
/** Where the rows lie between those of the fit and of the layers, and the same for pixels within a row. */
let fitDown: usize = 0;
let layerDown: usize = 0;
let fitAcross: usize = 0;
let layerAcross: usize = 0;
/** Rows mixed from two. */
let fitRow: usize = 0;
let foregroundRow: usize = 0;
let backgroundRow: usize = 0;
/** The row of the picture for which the layers' rows are mixed. */
let layersOf: i32 = -1;
/** The last pixels of a row whose width is no multiple of a group. */
let lastGroup: usize = 0;
/** Rows of the source and of the result. */
let source: usize = 0;
let result: usize = 0;

/** Whether half-covered pixels get the object's own colours. Else they keep those of the picture. */
let unmixes: bool = true;

/** Sets whether half-covered pixels get the object's own colours. */
export function setPainting(decontaminates: bool): void {
  unmixes = decontaminates;
}

/** Lays out the memory to paint rows of a picture, `rows` at most at once, after the plan's. Returns its end. */
export function layOutRows(pictureWidthPx: i32, pictureHeightPx: i32, channels: i32, rows: i32): usize {
  widthPx = pictureWidthPx;
  reserveFrom(plan.end);
  const wholeGroups = (widthPx + group - 1) & ~(group - 1);
  fitDown = reserve(pictureHeightPx * <i32>placeBytes);
  layerDown = reserve(pictureHeightPx * <i32>placeBytes);
  fitAcross = reserve(wholeGroups * <i32>placeBytes);
  layerAcross = reserve(wholeGroups * <i32>placeBytes);
  fitRow = reserve((plan.widthPx + 1) * 16);
  foregroundRow = reserve((plan.halfWidthPx + 1) * 16);
  backgroundRow = reserve((plan.halfWidthPx + 1) * 16);
  lastGroup = reserve(16);
  layOutCertain();
  result = reserve(rows * widthPx * 4);
  // Four channels are painted in place.
  source = channels == 4 ? result : reserve(rows * widthPx * channels + 16);
  return channels == 4 ? source + <usize>(rows * widthPx * 4) : source + <usize>(rows * widthPx * channels + 16);
}

/** Fills the tables for the rows. */
export function startRows(pictureHeightPx: i32): void {
  const wholeGroups = (widthPx + group - 1) & ~(group - 1);
  layersOf = -1;
  startCertain();
  writePlaces(fitDown, pictureHeightPx, plan.heightPx, 1);
  writePlaces(layerDown, pictureHeightPx, plan.halfHeightPx, 1);
  writePlaces(fitAcross, widthPx, plan.widthPx, 16);
  writePlaces(layerAcross, widthPx, plan.halfWidthPx, 16);
  for (let x = widthPx; x < wholeGroups; x++) {
    store<u64>(fitAcross + <usize>x * placeBytes, 0);
    store<u64>(layerAcross + <usize>x * placeBytes, 0);
  }
}

/** Returns where the rows of the source go. */
export function sourceAddress(): usize {
  return source;
}

/** Returns where the rows of the result are. */
export function resultAddress(): usize {
  return result;
}

/** Paints `count` rows of the source, which are those from row `y` on of the picture: straight RGBA. */
export function paintRows(y: i32, count: i32, channels: i32): void {
  for (let row = 0; row < count; row++) {
    const to = result + <usize>(row * widthPx * 4);
    if (channels != 4) expandRow(source + <usize>(row * widthPx * channels), channels, to);
    paintRow(y + row, to);
  }
}

/** Copies a row to RGBA: grey is repeated, missing alpha is 255. */
function expandRow(from: usize, channels: i32, to: usize): void {
  const opaque = i32x4.splat(0xff000000);
  for (let x = 0; x < widthPx; x += group) {
    // The groups behind the end of a row are overwritten by the next row, or lie in the last group's place.
    const isWhole = x + group <= widthPx;
    const target = isWhole ? to : lastGroup;
    let pixels = v128.load(from);
    if (channels == 3) {
      pixels = i8x16.shuffle(pixels, opaque, 0, 1, 2, 19, 3, 4, 5, 19, 6, 7, 8, 19, 9, 10, 11, 19);
    } else if (channels == 2) {
      pixels = i8x16.shuffle(pixels, pixels, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7);
    } else {
      pixels = i8x16.shuffle(pixels, opaque, 0, 0, 0, 19, 1, 1, 1, 19, 2, 2, 2, 19, 3, 3, 3, 19);
    }
    v128.store(target, pixels);
    if (!isWhole) memory.copy(to, lastGroup, <usize>(widthPx - x) << 2);
    from += <usize>(group * channels);
    to += 16;
  }
}

/** Paints a row of RGBA in place. */
function paintRow(y: i32, to: usize): void {
  const down = fitDown + <usize>y * placeBytes;
  mixRowsAt(down, plan.fitted, plan.widthPx, plan.heightPx, fitRow);
  findCertain(load<i32>(down));
  let x = 0;
  for (; x + group <= widthPx; x += group) {
    const place = fitAcross + <usize>x * placeBytes;
    const end = certainEnd(load<i32>(place));
    // The last pixel of the group lies between the cell of its place and the next one.
    if (end >= load<i32>(place + 3 * placeBytes) + 16) paintCertain(to, (end & solidBit) != 0);
    else paintGroup(x, y, to);
    to += 16;
  }
  if (x < widthPx) {
    const rest = <usize>(widthPx - x) << 2;
    v128.store(lastGroup, i32x4.splat(0));
    memory.copy(lastGroup, to, rest);
    paintGroup(x, y, lastGroup);
    memory.copy(to, lastGroup, rest);
  }
}

/** Paints four pixels whose alpha by the matte is 0, or 1: these keep their own alpha. */
@inline
function paintCertain(at: usize, isSolid: bool): void {
  const pixels = v128.load(at);
  const isVisible = i32x4.ne(i32x4.shr_u(pixels, 24), i32x4.splat(0));
  v128.store(at, isSolid ? v128.and(pixels, isVisible) : i32x4.splat(0));
}

/** Rounds of `sum / 255` in each lane, exactly, for sums up to 65,535. */
@inline
function over255(sum: v128): v128 {
  const raised = i32x4.add(sum, i32x4.splat(128));
  return i32x4.shr_u(i32x4.add(raised, i32x4.shr_u(raised, 8)), 8);
}

/** Lays samples on white. */
@inline
function onWhite(channel: v128, own: v128): v128 {
  const white = i32x4.splat(255);
  return over255(i32x4.add(i32x4.mul(channel, own), i32x4.mul(white, i32x4.sub(white, own))));
}

/** Rounds values from 0 to 255. The result is in the lowest byte of each lane, with other bits above it. */
@inline
function roundBytes(values: v128): v128 {
  return f32x4.add(values, f32x4.splat(roundingFloat));
}

@inline
function clamp(values: v128, most: f32): v128 {
  // `pmin` and `pmax` are one instruction each; `min` and `max` also order NaN and the zeros.
  return f32x4.pmin(f32x4.pmax(values, f32x4.splat(0)), f32x4.splat(most));
}

@inline
function paintGroup(x: i32, y: i32, at: usize): void {
  const pixels = v128.load(at);
  const full = i32x4.splat(255);
  const own = i32x4.shr_u(pixels, 24);
  let red = v128.and(pixels, full);
  let green = v128.and(i32x4.shr_u(pixels, 8), full);
  let blue = v128.and(i32x4.shr_u(pixels, 16), full);
  if (!i32x4.all_true(i32x4.eq(own, full))) {
    red = onWhite(red, own);
    green = onWhite(green, own);
    blue = onWhite(blue, own);
  }
  const place = fitAcross + <usize>x * placeBytes;
  const first = mixAt(fitRow, place);
  const second = mixAt(fitRow, place + placeBytes);
  const third = mixAt(fitRow, place + 2 * placeBytes);
  const fourth = mixAt(fitRow, place + 3 * placeBytes);
  const redGreen = f32x4.shuffle(first, second, 0, 4, 1, 5);
  const redGreenLate = f32x4.shuffle(third, fourth, 0, 4, 1, 5);
  const blueOffset = f32x4.shuffle(first, second, 2, 6, 3, 7);
  const blueOffsetLate = f32x4.shuffle(third, fourth, 2, 6, 3, 7);
  let alpha = f32x4.shuffle(blueOffset, blueOffsetLate, 2, 3, 6, 7);
  alpha = f32x4.add(alpha, f32x4.mul(f32x4.shuffle(redGreen, redGreenLate, 0, 1, 4, 5), f32x4.convert_i32x4_s(red)));
  alpha = f32x4.add(alpha, f32x4.mul(f32x4.shuffle(redGreen, redGreenLate, 2, 3, 6, 7), f32x4.convert_i32x4_s(green)));
  alpha = f32x4.add(alpha, f32x4.mul(f32x4.shuffle(blueOffset, blueOffsetLate, 0, 1, 4, 5), f32x4.convert_i32x4_s(blue)));
  alpha = clamp(alpha, 1);
  const opacity = v128.and(roundBytes(f32x4.mul(alpha, f32x4.convert_i32x4_s(own))), full);
  if (!v128.any_true(opacity)) {
    v128.store(at, opacity);
    return;
  }
  const isSolid = i32x4.eq(opacity, full);
  if (i32x4.all_true(isSolid)) return;
  const isVisible = i32x4.ne(opacity, i32x4.splat(0));
  // Where the source is itself transparent, its colours are already the object's.
  const isMixed = v128.and(v128.andnot(isVisible, isSolid), i32x4.eq(own, full));
  let colors = pixels;
  if (unmixes && v128.any_true(isMixed)) {
    mixLayers(y);
    const layerPlace = layerAcross + <usize>x * placeBytes;
    const early = i8x16.shuffle(
      unmixAt(layerPlace, f32x4.shuffle(alpha, alpha, 0, 0, 0, 0), red, green, blue, 0),
      unmixAt(layerPlace + placeBytes, f32x4.shuffle(alpha, alpha, 1, 1, 1, 1), red, green, blue, 1),
      0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0,
    );
    const late = i8x16.shuffle(
      unmixAt(layerPlace + 2 * placeBytes, f32x4.shuffle(alpha, alpha, 2, 2, 2, 2), red, green, blue, 2),
      unmixAt(layerPlace + 3 * placeBytes, f32x4.shuffle(alpha, alpha, 3, 3, 3, 3), red, green, blue, 3),
      0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0,
    );
    colors = v128.bitselect(i64x2.shuffle(early, late, 0, 2), pixels, isMixed);
  }
  const opaqueColors = v128.and(colors, i32x4.splat(0xffffff));
  v128.store(at, v128.and(v128.or(opaqueColors, i32x4.shl(opacity, 24)), isVisible));
}

/** Mixes the rows of both layers for row `y`, once. */
function mixLayers(y: i32): void {
  if (layersOf == y) return;
  const place = layerDown + <usize>y * placeBytes;
  mixRowsAt(place, plan.picture, plan.halfWidthPx, plan.halfHeightPx, foregroundRow);
  mixRowsAt(place, plan.background, plan.halfWidthPx, plan.halfHeightPx, backgroundRow);
  layersOf = y;
}

/** Returns the object's colour of one pixel of a group, each sample in the lowest byte of a lane. */
@inline
function unmixAt(place: usize, alpha: v128, red: v128, green: v128, blue: v128, i: u8): v128 {
  let sample = i32x4.splat(0);
  if (i == 0) sample = i32x4.shuffle(i32x4.shuffle(red, green, 0, 4, 0, 0), blue, 0, 1, 4, 4);
  else if (i == 1) sample = i32x4.shuffle(i32x4.shuffle(red, green, 1, 5, 1, 1), blue, 0, 1, 5, 5);
  else if (i == 2) sample = i32x4.shuffle(i32x4.shuffle(red, green, 2, 6, 2, 2), blue, 0, 1, 6, 6);
  else sample = i32x4.shuffle(i32x4.shuffle(red, green, 3, 7, 3, 3), blue, 0, 1, 7, 7);
  const color = unmix(f32x4.convert_i32x4_s(sample), alpha, mixAt(foregroundRow, place), mixAt(backgroundRow, place), 255);
  return roundBytes(color);
}

// Halftone printing in a few inks, and outlines over it. A "place" is the position of a tone among the inks: a whole number for a flat ink, a fraction
// only at a dot's rim.
import { byteOf, integerOf, integersOf } from "./_convert";
import { interleaved } from "./_write";

// Steps of luma below the first value leave no line, above the second a full one.
const FAINT_STEP: f64 = 0.1;
const CLEAR_STEP: f64 = 0.3;

/**
 * Three planes of doubles, `stride` bytes apart: the samples of a row, moved away from the grey of equal luma by `saturation` and limited to 0 to 1.
 */
export function saturate(from: usize, channels: i32, isFloat: bool, count: i32, saturation: f64, to: usize, stride: i32): void {
  for (let x = 0; x < count; x++) {
    const r = sampleAt(from, 0, isFloat);
    const g = sampleAt(from, 1, isFloat);
    const b = sampleAt(from, 2, isFloat);
    const grey = 0.299 * r + 0.587 * g + 0.114 * b;
    store<f64>(to, unit(grey + (r - grey) * saturation));
    store<f64>(to + stride, unit(grey + (g - grey) * saturation));
    store<f64>(to + 2 * stride, unit(grey + (b - grey) * saturation));
    from += isFloat ? channels << 2 : channels;
    to += 8;
  }
}

/** plane[x] = the place of the tone plane[x] among `last` + 1 inks, without a screen: the nearest ink. */
function printFlat(plane: usize, count: i32, last: f64): void {
  for (let x = 0; x < count; x++) {
    const position = load<f64>(plane) * last;
    const whole = Math.floor(position);
    store<f64>(plane, whole + <f64>(position - whole >= 0.5));
    plane += 8;
  }
}

/**
 * plane[x] = the place of the tone plane[x] in row y among `last` + 1 inks. `ranks` are 64 × 64 floats, a cell of the screen, which goes `right`
 * and `down` by so many steps for each pixel; without `ranks` each tone becomes the nearest ink. Rims of dots are ramps of `softness`.
 */
export function print(
  plane: usize, count: i32, y: i32, last: f64, softness: f64, ranks: usize, right: f64, down: f64,
): void {
  if (ranks == 0) return printFlat(plane, count, last);
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  const two = f64x2.splat(2);
  const half = f64x2.splat(0.5);
  const top = f64x2.splat(last);
  const highest = f64x2.splat(last - 1);
  const soft = f64x2.splat(softness);
  const across = f64x2.splat(right);
  const along = f64x2.splat(down);
  const yDown = f64x2.splat(<f64>y * down);
  const yRight = f64x2.splat(<f64>y * right);
  const mask = i32x4.splat(63);
  let columns = f64x2(0, 1);
  for (let x = 0; x < count; x += 2) {
    const u = f64x2.floor(f64x2.add(f64x2.mul(columns, across), yDown));
    const v = f64x2.floor(f64x2.sub(yRight, f64x2.mul(columns, along)));
    const column = v128.and(integersOf(u), mask);
    const row = v128.and(integersOf(v), mask);
    const at = i32x4.add(i32x4.shl(row, 8), i32x4.shl(column, 2));
    const first = v128.load32_zero(ranks + <usize>i32x4.extract_lane(at, 0));
    const screen = f64x2.promote_low_f32x4(v128.load32_lane(ranks + <usize>i32x4.extract_lane(at, 2), first, 1));

    const position = f64x2.mul(v128.load(plane), top);
    const below = f64x2.pmin(highest, f64x2.floor(position));
    const cover = f64x2.sub(one, f64x2.sub(position, below));
    const doubled = f64x2.mul(two, cover);
    const rim = f64x2.pmin(f64x2.pmin(soft, doubled), f64x2.sub(two, doubled));
    // Without any or with full cover the rim is 0, and the quotient infinite.
    const ramp = f64x2.add(f64x2.div(f64x2.sub(screen, cover), rim), half);
    const share = f64x2.pmin(one, f64x2.pmax(zero, ramp));
    v128.store(plane, f64x2.add(below, share));
    plane += 16;
    columns = f64x2.add(columns, two);
  }
}

/**
 * Writes a row in inks. `inks` has 13 entries of 32 bytes: up to 12 inks, then the last one again. Further entries are read but not used. An entry
 * is an ink as three doubles and as four bytes. `lines` are the gradients of outlines, or 0.
 */
export function inkRow(
  places: usize, lines: usize, count: i32, opacity: f64, inks: usize, channels: i32, isFloat: bool, to: usize,
): void {
  let x = 0;
  if (!isFloat && channels == 3) {
    const red = bytesOfInks(inks, 24);
    const green = bytesOfInks(inks, 25);
    const blue = bytesOfInks(inks, 26);
    const faint = f32x4.splat(<f32>FAINT_STEP);
    for (const blocks = count & ~15; x < blocks; x += 16) {
      const at = places + (<usize>x << 3);
      const indices = i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(inksOf(at, 0), inksOf(at, 32)),
        i16x8.narrow_i32x4_s(inksOf(at, 64), inksOf(at, 96)),
      );
      const to16 = to + <usize>(x * 3);
      interleaved(i8x16.swizzle(red, indices), i8x16.swizzle(green, indices), i8x16.swizzle(blue, indices), to16);
      let mixed = mixedOf(at, 0) | (mixedOf(at, 32) << 4) | (mixedOf(at, 64) << 8) | (mixedOf(at, 96) << 12);
      if (lines != 0) {
        // The float of 0.1 is the least one above it.
        const line = lines + (<usize>x << 2);
        mixed |= i32x4.bitmask(f32x4.ge(v128.load(line, 0), faint)) | (i32x4.bitmask(f32x4.ge(v128.load(line, 16), faint)) << 4);
        mixed |= (i32x4.bitmask(f32x4.ge(v128.load(line, 32), faint)) << 8) | (i32x4.bitmask(f32x4.ge(v128.load(line, 48), faint)) << 12);
      }
      for (; mixed != 0; mixed &= mixed - 1) {
        const i = x + ctz(mixed);
        inkPixel(places, lines, i, opacity, inks, false, to + <usize>(i * 3));
      }
    }
  }
  const size = isFloat ? channels << 2 : channels;
  for (; x < count; x++) inkPixel(places, lines, x, opacity, inks, isFloat, to + <usize>(x * size));
}

/** One byte of each of 13 entries. Those past the last ink are not looked up. */
@inline
function bytesOfInks(inks: usize, offset: usize): v128 {
  let bytes = i8x16.splat(0);
  bytes = i8x16.replace_lane(bytes, 0, load<u8>(inks + offset, 0));
  bytes = i8x16.replace_lane(bytes, 1, load<u8>(inks + offset, 32));
  bytes = i8x16.replace_lane(bytes, 2, load<u8>(inks + offset, 64));
  bytes = i8x16.replace_lane(bytes, 3, load<u8>(inks + offset, 96));
  bytes = i8x16.replace_lane(bytes, 4, load<u8>(inks + offset, 128));
  bytes = i8x16.replace_lane(bytes, 5, load<u8>(inks + offset, 160));
  bytes = i8x16.replace_lane(bytes, 6, load<u8>(inks + offset, 192));
  bytes = i8x16.replace_lane(bytes, 7, load<u8>(inks + offset, 224));
  bytes = i8x16.replace_lane(bytes, 8, load<u8>(inks + offset, 256));
  bytes = i8x16.replace_lane(bytes, 9, load<u8>(inks + offset, 288));
  bytes = i8x16.replace_lane(bytes, 10, load<u8>(inks + offset, 320));
  bytes = i8x16.replace_lane(bytes, 11, load<u8>(inks + offset, 352));
  return i8x16.replace_lane(bytes, 12, load<u8>(inks + offset, 384));
}

/** The lower inks of four places, as 32-bit integers. */
@inline
function inksOf(places: usize, offset: usize): v128 {
  const first = integersOf(f64x2.floor(v128.load(places + offset, 0)));
  return v128.shuffle<i32>(first, integersOf(f64x2.floor(v128.load(places + offset, 16))), 0, 2, 4, 6);
}

/** Four bits: which of four places lie between two inks. */
@inline
function mixedOf(places: usize, offset: usize): i32 {
  const first = v128.load(places + offset, 0);
  const second = v128.load(places + offset, 16);
  return i64x2.bitmask(f64x2.ne(first, f64x2.floor(first))) | (i64x2.bitmask(f64x2.ne(second, f64x2.floor(second))) << 2);
}

@inline
function inkPixel(places: usize, lines: usize, x: i32, opacity: f64, inks: usize, isFloat: bool, to: usize): void {
  const place = load<f64>(places + (<usize>x << 3));
  const below = Math.floor(place);
  const share = place - below;
  const ink = inks + (<usize>integerOf(below) << 5);
  const kept = keptOf(lines == 0 ? 0 : <f64>load<f32>(lines + (<usize>x << 2)), opacity);
  for (let c: usize = 0; c < 3; c++) {
    const from = load<f64>(ink + (c << 3), 0);
    put(to, c, from + (load<f64>(ink + (c << 3), 32) - from) * share, kept, isFloat);
  }
}

/** Writes a row whose channels were printed each on its own, as places among `last` + 1 tones. */
export function inkPlanes(
  planes: usize, stride: i32, lines: usize, count: i32, opacity: f64, last: f64, channels: i32, isFloat: bool, to: usize,
): void {
  for (let x: usize = 0; x < <usize>count; x++) {
    const kept = keptOf(lines == 0 ? 0 : <f64>load<f32>(lines + (x << 2)), opacity);
    for (let c = 0; c < 3; c++) put(to, c, load<f64>(planes + c * stride + (x << 3)) / last, kept, isFloat);
    to += isFloat ? channels << 2 : channels;
  }
}

/** The share of a colour that is left under a line of this strength. */
@inline
function keptOf(line: f64, opacity: f64): f64 {
  if (line <= FAINT_STEP) return 1;
  const part = (line - FAINT_STEP) / (CLEAR_STEP - FAINT_STEP);
  const edge = part < 1 ? part : 1;
  return 1 - opacity * edge * edge * (3 - 2 * edge);
}

@inline
function put(to: usize, channel: usize, value: f64, kept: f64, isFloat: bool): void {
  const inked = <f32>(<f64>(<f32>value) * kept);
  if (isFloat) store<f32>(to + (channel << 2), inked);
  else store<u8>(to + channel, byteOf(inked));
}

@inline
function sampleAt(from: usize, channel: usize, isFloat: bool): f64 {
  return <f64>(isFloat ? load<f32>(from + (channel << 2)) : <f32>load<u8>(from + channel) / 255);
}

@inline
function unit(value: f64): f64 {
  return value > 0 ? (value < 1 ? value : 1) : 0;
}

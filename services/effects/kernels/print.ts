// Printing with few colours: palettes by pattern and by error diffusion, and halftone screens. `PrintKernels` in src/kernels/print-kernels.ts describes
// each function.
import { integerOf } from "./_convert";
import { valueAt } from "./_mix";

/** A palette in memory, laid out by src/domain/color/palette-match.ts: */
const GROUPS: usize = 0; // i32: the number of colours / 4, rounded up
const PLACES: usize = 4; // address of floats: for each four colours their lightness, a, b, and values of red, green and blue
const VALUES: usize = 8; // address of four doubles for each colour: red, green, blue as light or encoded, and 0
const LEVELS: usize = 12; // address of doubles: the value of each step of a cell
const CURVE: usize = 16; // address of a curve from values to light, or 0 if values are light
const CURVE_STEPS: usize = 24; // f64

/** Candidates for a cell. */
const CANDIDATES: i32 = 16;

/**
 * Chooses a colour for each cell: the candidate at a threshold. `known` has `mask` + 1 entries of 20 bytes, all 0 at first: a cell + 1, and its
 * candidates from dark to light. `thresholds` are bytes below 16 for `wrap` + 1 pixels, which repeat.
 */
export function matchCells(
  cells: usize, count: i32, palette: usize, strength: f64, known: usize, mask: i32, thresholds: usize, wrap: i32, indices: usize,
): void {
  for (let x = 0; x < count; x++) {
    const cell = load<i32>(cells + (<usize>x << 2));
    const entry = known + <usize>((cell ^ (cell >> 7)) & mask) * 20;
    if (load<i32>(entry) != cell + 1) {
      store<i32>(entry, cell + 1);
      findCandidates(cell, palette, strength, entry + 4);
    }
    store<u8>(indices + x, load<u8>(entry + load<u8>(thresholds + (x & wrap)), 4));
  }
}

/** Writes the candidates of a cell: each makes up for the error of those before it. They are sorted, as the palette's colours are. */
function findCandidates(cell: i32, palette: usize, strength: f64, to: usize): void {
  const levels = <usize>load<i32>(palette, LEVELS);
  const values = <usize>load<i32>(palette, VALUES);
  const red = load<f64>(levels + (<usize>(cell >> 12) << 3));
  const green = load<f64>(levels + (<usize>((cell >> 6) & 63) << 3));
  const blue = load<f64>(levels + (<usize>(cell & 63) << 3));
  let redError: f64 = 0;
  let greenError: f64 = 0;
  let blueError: f64 = 0;
  for (let i = 0; i < CANDIDATES; i++) {
    const index = nearest(palette, red + redError * strength, green + greenError * strength, blue + blueError * strength);
    if (strength == 0) {
      memory.fill(to, <u8>index, CANDIDATES);
      return;
    }
    const value = values + (<usize>index << 5);
    redError += red - load<f64>(value, 0);
    greenError += green - load<f64>(value, 8);
    blueError += blue - load<f64>(value, 16);
    let place = i;
    while (place > 0 && <i32>load<u8>(to + place - 1) > index) {
      store<u8>(to + place, load<u8>(to + place - 1));
      place--;
    }
    store<u8>(to + place, <u8>index);
  }
}

/**
 * The index of the nearest colour in OKLab with its chroma scaled, as `toPlace` in src/domain/color/palette-match.ts. Values are limited to
 * -1 to 2. By what they lie outside 0 to 1 they draw colours of that side nearer: errors that point out of the palette must change the choice at last.
 */
function nearest(palette: usize, redValue: f64, greenValue: f64, blueValue: f64): i32 {
  const curve = <usize>load<i32>(palette, CURVE);
  const curveSteps = load<f64>(palette, CURVE_STEPS);
  const redInside = unit(redValue);
  const greenInside = unit(greenValue);
  const blueInside = unit(blueValue);
  const redOutside = f32x4.splat(<f32>(limited(redValue) - redInside));
  const greenOutside = f32x4.splat(<f32>(limited(greenValue) - greenInside));
  const blueOutside = f32x4.splat(<f32>(limited(blueValue) - blueInside));
  const red = curve == 0 ? redInside : valueAt(curve, curveSteps, redInside);
  const green = curve == 0 ? greenInside : valueAt(curve, curveSteps, greenInside);
  const blue = curve == 0 ? blueInside : valueAt(curve, curveSteps, blueInside);
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const b = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  const scale = 2 / (1 + 8 * Math.sqrt(a * a + b * b));
  const lightnesses = f32x4.splat(<f32>(0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s));
  const as = f32x4.splat(<f32>(a * scale));
  const bs = f32x4.splat(<f32>(b * scale));
  let at = <usize>load<i32>(palette, PLACES);
  let least = f32x4.splat(f32.MAX_VALUE);
  let best = i32x4.splat(0);
  let current = i32x4(0, 1, 2, 3);
  for (let group = load<i32>(palette, GROUPS); group > 0; group--) {
    const down = f32x4.sub(v128.load(at, 0), lightnesses);
    const across = f32x4.sub(v128.load(at, 16), as);
    const along = f32x4.sub(v128.load(at, 32), bs);
    const square = f32x4.add(f32x4.add(f32x4.mul(down, down), f32x4.mul(across, across)), f32x4.mul(along, along));
    const redPull = f32x4.mul(redOutside, v128.load(at, 48));
    const greenPull = f32x4.mul(greenOutside, v128.load(at, 64));
    const bluePull = f32x4.mul(blueOutside, v128.load(at, 80));
    const apart = f32x4.sub(square, f32x4.add(f32x4.add(redPull, greenPull), bluePull));
    best = v128.bitselect(current, best, f32x4.lt(apart, least));
    least = f32x4.pmin(least, apart);
    current = i32x4.add(current, i32x4.splat(4));
    at += 96;
  }
  let index = i32x4.extract_lane(best, 0);
  let distance = f32x4.extract_lane(least, 0);
  for (let lane = 1; lane < 4; lane++) {
    least = v128.shuffle<i32>(least, least, 1, 2, 3, 0);
    best = v128.shuffle<i32>(best, best, 1, 2, 3, 0);
    const other = i32x4.extract_lane(best, 0);
    const otherDistance = f32x4.extract_lane(least, 0);
    if (otherDistance < distance || (otherDistance == distance && other < index)) {
      distance = otherDistance;
      index = other;
    }
  }
  return index;
}

@inline
function limited(value: f64): f64 {
  return value > -1 ? (value < 2 ? value : 2) : -1;
}

@inline
function unit(value: f64): f64 {
  return value > 0 ? (value < 1 ? value : 1) : 0;
}

// Cells of a diffusion reach from -1 to 2: within the palette's range alone, errors that point out of it could not change the choice.
const STEPS: i32 = 96;

/** The state of a diffusion to a palette, laid out by src/domain/dither/palette-diffusion.ts: */
const PALETTE: usize = 0; // address of the palette
const COLORS: usize = 4; // address of four floats for each colour: its value, and 0
const GRID: usize = 8; // address of 96 × 96 × 96 16-bit integers: the index of a cell's colour + 1, or 0
const IS_ROOT: usize = 12; // i32: whether the steps of a cell are even in the square root of a value
const HERE: usize = 16; // address of the errors for this row, four floats for each pixel
const TAPS: usize = 20; // i32: the number of taps for the rows below
const NEXT_SHARE: usize = 24; // f32: the share of the next pixel of this row
const SECOND_SHARE: usize = 28; // f32: … of the one after that
const SCALE: usize = 32; // f32: the steps of a cell for a difference of 1 in a value or its root
const FIRST_TAP: usize = 40; // for each tap: the distance in bytes from a pixel's error to the neighbour's, and the share as a float

/**
 * Chooses the colour of each pixel of a row of values, three floats for each pixel, and passes its error on as a vector. `visible` has a byte for each
 * pixel, or is 0. Clears the errors of this row.
 */
export function diffuseColors(values: usize, visible: usize, indices: usize, count: i32, isBackwards: bool, state: usize): void {
  const palette = <usize>load<i32>(state, PALETTE);
  const colors = <usize>load<i32>(state, COLORS);
  const grid = <usize>load<i32>(state, GRID);
  const isRoot = load<i32>(state, IS_ROOT) != 0;
  const taps = state + FIRST_TAP;
  const end = taps + (<usize>load<i32>(state, TAPS) << 3);
  const start = <usize>load<i32>(state, HERE);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const sign = f32x4.splat(-0.0);
  const lowest = f32x4.splat(-1);
  const highest = f32x4.splat(2);
  const scale = v128.load32_splat(state, SCALE);
  const half = f32x4.splat(0.5);
  const nextShare = v128.load32_splat(state, NEXT_SHARE);
  const secondShare = v128.load32_splat(state, SECOND_SHARE);
  let ahead = zero;
  let second = zero;
  let further = zero;
  let x = isBackwards ? count - 1 : 0;
  const step = isBackwards ? -1 : 1;
  for (let rest = count; rest > 0; rest--) {
    const here = start + (<usize>x << 4);
    // The fourth lane is the next pixel's red, which is cleared.
    const value = f32x4.replace_lane(v128.load(values + <usize>x * 12), 3, 0);
    const given = f32x4.add(f32x4.add(value, v128.load(here)), second);
    const wanted = f32x4.pmin(highest, f32x4.pmax(lowest, f32x4.add(given, ahead)));
    const spread = isRoot ? v128.or(f32x4.sqrt(f32x4.abs(wanted)), v128.and(wanted, sign)) : wanted;
    const steps = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(f32x4.add(spread, one), scale), half));
    const red = i32x4.extract_lane(steps, 0);
    const green = i32x4.extract_lane(steps, 1);
    const blue = i32x4.extract_lane(steps, 2);
    const entry = grid + (<usize>((red * STEPS + green) * STEPS + blue) << 1);
    let index = <i32>load<u16>(entry) - 1;
    if (index < 0) {
      index = nearestOfCell(palette, red, green, blue);
      store<u16>(entry, <u16>(index + 1));
    }
    store<u8>(indices + x, <u8>index);
    second = further;
    ahead = zero;
    further = zero;
    if (visible == 0 || load<u8>(visible + x) != 0) {
      const error = f32x4.sub(wanted, v128.load(colors + (<usize>index << 4)));
      ahead = f32x4.mul(error, nextShare);
      further = f32x4.mul(error, secondShare);
      for (let tap = taps; tap < end; tap += 8) {
        const to = here + load<i32>(tap, 0);
        v128.store(to, f32x4.add(v128.load(to), f32x4.mul(error, v128.load32_splat(tap, 4))));
      }
    }
    x += step;
  }
  memory.fill(start - 32, 0, (<usize>count + 4) << 4);
}

function nearestOfCell(palette: usize, red: i32, green: i32, blue: i32): i32 {
  const levels = <usize>load<i32>(palette, LEVELS);
  return nearest(
    palette,
    load<f64>(levels + (<usize>red << 3)),
    load<f64>(levels + (<usize>green << 3)),
    load<f64>(levels + (<usize>blue << 3)),
  );
}

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

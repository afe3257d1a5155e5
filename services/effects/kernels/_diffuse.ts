import { integerOf } from "./_convert";

// Error diffusion. What is computed for a sample, and the order of its sums, is that of test/reference/error-diffusion.ts.
//
// A vector of two doubles holds two planes of a pixel, or one plane in its first lane. The errors on their way are kept in variables: for the
// next pixels of this row, and for a window of the rows below, whose sums are written when the last pixel has added to them.

/** The state of a diffusion, in memory: */
const LEVEL_COUNT: usize = 0; // i32
const LEVELS: usize = 4; // address of doubles
const MIDDLES: usize = 8; // address of doubles: the upper bound of each level, the last infinite
const STARTS: usize = 12; // address of 513 bytes: the level at each 512th
const HERE: usize = 16; // address of the errors for this row, one double for each sample
const BELOW: usize = 20; // … for the row below
const FURTHER: usize = 24; // … for the one below that
const IS_WIDE: usize = 28; // i32: whether errors reach two pixels sideways or two rows down
const SHARES: usize = 32; // 12 doubles: right by 1, 2; below from -2 to 2; below that from -2 to 2

/**
 * Chooses the level of each sample of a row. `tones` are floats, `planes` for each pixel, `visible` a byte for each pixel or 0. The rows of errors
 * have room for two pixels on either side.
 */
export function diffuse(
  tones: usize, visible: usize, indices: usize, count: i32, planes: i32, isBackwards: bool, state: usize,
): void {
  if (planes == 3) {
    choose(tones, visible, indices, count, 3, 0, true, isBackwards, state);
    choose(tones, visible, indices, count, 3, 2, false, isBackwards, state);
  } else choose(tones, visible, indices, count, 1, 0, false, isBackwards, state);
}

function choose(
  tones: usize, visible: usize, indices: usize, count: i32, planes: i32, plane: i32, isPair: bool, isBackwards: bool, state: usize,
): void {
  const isWide = load<i32>(state, IS_WIDE) != 0;
  const isTwo = load<i32>(state, LEVEL_COUNT) == 2;
  const first = (isBackwards ? count - 1 : 0) * planes + plane;
  const step = isBackwards ? -planes : planes;
  if (visible != 0 && isBackwards) visible += count - 1;
  tones += <usize>first << 2;
  indices += first;
  const at = <usize>first << 3;
  if (isPair) {
    if (isWide) wide(tones, visible, indices, at, count, step, isBackwards, state, true, isTwo);
    else near(tones, visible, indices, at, count, step, isBackwards, state, true, isTwo);
  } else if (isWide) wide(tones, visible, indices, at, count, step, isBackwards, state, false, isTwo);
  else if (isTwo) near(tones, visible, indices, at, count, step, isBackwards, state, false, true);
  else near(tones, visible, indices, at, count, step, isBackwards, state, false, false);
}

/** Errors to the next pixel and to three of the row below. */
@inline
function near(
  tones: usize, visible: usize, indices: usize, at: usize, count: i32, step: i32, isBackwards: bool, state: usize, isPair: bool, isTwo: bool,
): void {
  const levels = <usize>load<i32>(state, LEVELS);
  const lower = v128.load64_splat(levels, 0);
  const upper = v128.load64_splat(levels, 8);
  const middle = v128.load64_splat(<usize>load<i32>(state, MIDDLES));
  const share10 = shareOf(state, 0);
  const shareBefore = shareOf(state, 3);
  const shareUnder = shareOf(state, 4);
  const shareAfter = shareOf(state, 5);
  const seenStep = isBackwards ? -1 : 1;
  const wideStep = step << 3;
  let here = <usize>load<i32>(state, HERE) + at;
  let below = <usize>load<i32>(state, BELOW) + at;
  let ahead = f64x2.splat(0);
  let under = f64x2.splat(0);
  let after = f64x2.splat(0);
  for (let x = 0; x < count; x++) {
    const wanted = f64x2.add(toneAt(tones, isPair), f64x2.add(doublesAt(here, isPair), ahead));
    const error = errorOf(wanted, lower, upper, middle, state, visible, indices, isPair, isTwo);
    ahead = f64x2.mul(error, share10);
    put(below - wideStep, f64x2.add(under, f64x2.mul(error, shareBefore)), isPair);
    under = f64x2.add(after, f64x2.mul(error, shareUnder));
    after = f64x2.mul(error, shareAfter);
    tones += step << 2;
    indices += step;
    here += wideStep;
    below += wideStep;
    if (visible != 0) visible += seenStep;
  }
  put(below - wideStep, under, isPair);
}

/** Errors up to two pixels ahead, and to five of each of the two rows below. */
@inline
function wide(
  tones: usize, visible: usize, indices: usize, at: usize, count: i32, step: i32, isBackwards: bool, state: usize, isPair: bool, isTwo: bool,
): void {
  const levels = <usize>load<i32>(state, LEVELS);
  const lower = v128.load64_splat(levels, 0);
  const upper = v128.load64_splat(levels, 8);
  const middle = v128.load64_splat(<usize>load<i32>(state, MIDDLES));
  const seenStep = isBackwards ? -1 : 1;
  const wideStep = step << 3;
  let here = <usize>load<i32>(state, HERE) + at;
  let below = <usize>load<i32>(state, BELOW) + at;
  let further = <usize>load<i32>(state, FURTHER) + at;
  let next = f64x2.splat(0);
  let second = f64x2.splat(0);
  let sum = doublesAt(here, isPair);
  let b0 = f64x2.splat(0);
  let b1 = f64x2.splat(0);
  let b2 = doublesAt(below, isPair);
  let b3 = doublesAt(below + wideStep, isPair);
  let f0 = f64x2.splat(0);
  let f1 = f64x2.splat(0);
  let f2 = f64x2.splat(0);
  let f3 = f64x2.splat(0);
  for (let x = 0; x < count; x++) {
    const wanted = f64x2.add(toneAt(tones, isPair), f64x2.add(sum, next));
    const error = errorOf(wanted, lower, upper, middle, state, visible, indices, isPair, isTwo);
    sum = f64x2.add(doublesAt(here + wideStep, isPair), second);
    next = f64x2.mul(error, shareOf(state, 0));
    second = f64x2.mul(error, shareOf(state, 1));
    put(below - 2 * wideStep, f64x2.add(b0, f64x2.mul(error, shareOf(state, 2))), isPair);
    b0 = f64x2.add(b1, f64x2.mul(error, shareOf(state, 3)));
    b1 = f64x2.add(b2, f64x2.mul(error, shareOf(state, 4)));
    b2 = f64x2.add(b3, f64x2.mul(error, shareOf(state, 5)));
    b3 = f64x2.add(doublesAt(below + 2 * wideStep, isPair), f64x2.mul(error, shareOf(state, 6)));
    put(further - 2 * wideStep, f64x2.add(f0, f64x2.mul(error, shareOf(state, 7))), isPair);
    f0 = f64x2.add(f1, f64x2.mul(error, shareOf(state, 8)));
    f1 = f64x2.add(f2, f64x2.mul(error, shareOf(state, 9)));
    f2 = f64x2.add(f3, f64x2.mul(error, shareOf(state, 10)));
    f3 = f64x2.mul(error, shareOf(state, 11));
    tones += step << 2;
    indices += step;
    here += wideStep;
    below += wideStep;
    further += wideStep;
    if (visible != 0) visible += seenStep;
  }
  put(below - 2 * wideStep, b0, isPair);
  put(below - wideStep, b1, isPair);
  put(further - 2 * wideStep, f0, isPair);
  put(further - wideStep, f1, isPair);
}

/** Chooses levels, writes their indices, and returns the errors, 0 for an invisible pixel. */
@inline
function errorOf(
  wanted: v128, lower: v128, upper: v128, middle: v128, state: usize, visible: usize, indices: usize, isPair: bool, isTwo: bool,
): v128 {
  let level: v128;
  if (isTwo) {
    // Without a branch: in a dithered picture it could not be predicted.
    const isUpper = f64x2.ge(wanted, middle);
    store<u8>(indices, <u8>(i32x4.extract_lane(isUpper, 0) & 1), 0);
    if (isPair) store<u8>(indices, <u8>(i32x4.extract_lane(isUpper, 2) & 1), 1);
    level = v128.bitselect(upper, lower, isUpper);
  } else {
    const all = <usize>load<i32>(state, LEVELS);
    const first = nearest(f64x2.extract_lane(wanted, 0), state);
    store<u8>(indices, <u8>first, 0);
    level = v128.load64_zero(all + (<usize>first << 3));
    if (isPair) {
      const second = nearest(f64x2.extract_lane(wanted, 1), state);
      store<u8>(indices, <u8>second, 1);
      level = f64x2.replace_lane(level, 1, load<f64>(all + (<usize>second << 3)));
    }
  }
  const error = f64x2.sub(wanted, level);
  if (visible == 0) return error;
  return v128.and(error, i64x2.splat(0 - <i64>(load<u8>(visible) != 0)));
}

@inline
function nearest(wanted: f64, state: usize): i32 {
  const starts = <usize>load<i32>(state, STARTS);
  const middles = <usize>load<i32>(state, MIDDLES);
  const limited = wanted > 0 ? (wanted < 1 ? wanted : 1) : 0;
  let index = <i32>load<u8>(starts + <usize>integerOf(Math.floor(limited * 512)));
  while (wanted >= load<f64>(middles + (<usize>index << 3))) index++;
  return index;
}

@inline
function toneAt(tones: usize, isPair: bool): v128 {
  return f64x2.promote_low_f32x4(isPair ? v128.load64_zero(tones) : v128.load32_zero(tones));
}

@inline
function doublesAt(at: usize, isPair: bool): v128 {
  return isPair ? v128.load(at) : v128.load64_zero(at);
}

@inline
function put(at: usize, values: v128, isPair: bool): void {
  if (isPair) v128.store(at, values);
  else v128.store64_lane(at, values, 0);
}

@inline
function shareOf(state: usize, tap: usize): v128 {
  return v128.load64_splat(state + SHARES + (tap << 3));
}

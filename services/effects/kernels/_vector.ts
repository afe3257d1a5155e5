// Error diffusion to a palette.
import { LEVELS, nearest } from "./_match";

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

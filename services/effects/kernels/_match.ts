// Colours of a palette, matched in OKLab.
import { valueAt } from "./_mix";

/** A palette in memory, laid out by src/domain/color/palette-match.ts: */
export const GROUPS: usize = 0; // i32: the number of colours / 4, rounded up
export const PLACES: usize = 4; // address of floats: for each four colours, from dark to light, their lightness, a, b, and values of red, green and blue
export const VALUES: usize = 8; // address of four doubles for each colour: red, green, blue as light or encoded, and 0
export const LEVELS: usize = 12; // address of doubles: the value of each step of a cell
export const CURVE: usize = 16; // address of a curve from values to light, or 0 if values are light
export const CURVE_STEPS: usize = 24; // f64

/**
 * The index of the nearest colour in OKLab with its chroma scaled, as `toPlace` in src/domain/color/palette-match.ts. Values are limited to
 * -1 to 2. By what they lie outside 0 to 1 they draw colours of that side nearer: errors that point out of the palette must change the choice at last.
 */
export function nearest(palette: usize, redValue: f64, greenValue: f64, blueValue: f64): i32 {
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

// Vignettes, thresholds and local contrast.
import { curved, putColor } from "./_curves";
import { interleaved } from "./_write";
import { alphaOf, blueOf, constant, decoded, encoded, greenOf, placeConstants, putPixels, redOf, unit } from "./_pixels";

/** Colours of a row from a plane, by a table for each channel. */
export function paint(
  plane: usize, count: i32, red: usize, green: usize, blue: usize, steps: f32, channels: i32, to: usize,
): void {
  const stride = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    putColor(to, curved(v128.load32_splat(plane), red, green, blue, steps));
    plane += 4;
    to += stride;
  }
}

/** Darkens or lightens the colours of a row in linear light by their distance from a centre. */
export function vignette(
  from: usize, channels: i32, count: i32,
  left: f32, across: f32, downSquared: f32, inner: f32, scale: f32, amount: f32, to: usize,
): void {
  placeConstants();
  if (channels == 3) shade(from, 3, count, left, across, downSquared, inner, scale, amount, to);
  else shade(from, 4, count, left, across, downSquared, inner, scale, amount, to);
}

@inline
function shade(
  from: usize, channels: i32, count: i32,
  left: f32, across: f32, downSquared: f32, inner: f32, scale: f32, amount: f32, to: usize,
): void {
  const one = constant(20);
  // Below 0 a share of the light is taken away; above 0 a share of what is missing to white is added.
  const end = f32x4.splat(amount > 0 ? 1 : 0);
  const size = f32x4.splat(Mathf.abs(amount));
  for (let x = 0; x < count; x += 4) {
    const place = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
    const right = f32x4.add(f32x4.splat(left), f32x4.mul(f32x4.splat(across), place));
    const distance = f32x4.sqrt(f32x4.add(f32x4.mul(right, right), f32x4.splat(downSquared)));
    const t = unit(f32x4.mul(f32x4.sub(distance, f32x4.splat(inner)), f32x4.splat(scale)));
    const smooth = f32x4.mul(f32x4.mul(t, t), f32x4.sub(f32x4.splat(3), f32x4.add(t, t)));
    const share = f32x4.mul(size, smooth);
    let r = redOf(from, channels);
    let g = greenOf(from, channels);
    let b = blueOf(from, channels);
    if (v128.any_true(f32x4.gt(share, f32x4.splat(0)))) {
      r = encoded(towards(decoded(r), end, share));
      g = encoded(towards(decoded(g), end, share));
      b = encoded(towards(decoded(b), end, share));
    }
    putPixels(r, g, b, channels == 4 ? alphaOf(from) : one, channels, count - x, to);
    from += <usize>channels << 4;
    to += <usize>channels << 4;
  }
}

@inline
function towards(value: v128, end: v128, share: v128): v128 {
  return f32x4.add(value, f32x4.mul(f32x4.sub(end, value), share));
}

// A grey this little below its level counts as at it: an eightieth of the step of a byte, above the errors of luminance and of means.
const LEVEL_SLACK: f32 = 5e-5;

/** Replaces a plane by 0 below a level and 1 from it on, smooth between if `scale` is not 0. The level is a share of a plane's, or one for all. */
export function threshold(plane: usize, means: usize, count: i32, level: f32, scale: f32): void {
  const share = f32x4.splat(level);
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const value = v128.load(plane);
    const bound = means != 0 ? f32x4.mul(v128.load(means), share) : share;
    const away = f32x4.sub(value, bound);
    if (scale > 0) {
      const t = unit(f32x4.add(f32x4.mul(away, f32x4.splat(scale)), f32x4.splat(0.5)));
      v128.store(plane, f32x4.mul(f32x4.mul(t, t), f32x4.sub(f32x4.splat(3), f32x4.add(t, t))));
    } else {
      v128.store(plane, v128.and(one, f32x4.ge(away, f32x4.splat(-LEVEL_SLACK))));
    }
    plane += 16;
    if (means != 0) means += 16;
  }
}

/** Writes pixels of three bytes by the same comparison: `low` below a share of the mean, `high` from it on. 16 pixels are written at a time. */
export function thresholdBytes(plane: usize, means: usize, count: i32, level: f32, low: u32, high: u32, to: usize): void {
  const share = f32x4.splat(level);
  const slack = f32x4.splat(-LEVEL_SLACK);
  const lowRed = i8x16.splat(<i8>low);
  const lowGreen = i8x16.splat(<i8>(low >> 8));
  const lowBlue = i8x16.splat(<i8>(low >> 16));
  const highRed = i8x16.splat(<i8>high);
  const highGreen = i8x16.splat(<i8>(high >> 8));
  const highBlue = i8x16.splat(<i8>(high >> 16));
  for (let x = 0; x < count; x += 16) {
    const upper = i16x8.narrow_i32x4_s(isHigh(plane, means, 0, share, slack), isHigh(plane, means, 16, share, slack));
    const lower = i16x8.narrow_i32x4_s(isHigh(plane, means, 32, share, slack), isHigh(plane, means, 48, share, slack));
    const mask = i8x16.narrow_i16x8_s(upper, lower);
    const r = v128.bitselect(highRed, lowRed, mask);
    const g = v128.bitselect(highGreen, lowGreen, mask);
    const b = v128.bitselect(highBlue, lowBlue, mask);
    interleaved(r, g, b, to);
    plane += 64;
    means += 64;
    to += 48;
  }
}

@inline
function isHigh(plane: usize, means: usize, offset: usize, share: v128, slack: v128): v128 {
  const away = f32x4.sub(v128.load(plane + offset), f32x4.mul(v128.load(means + offset), share));
  return f32x4.ge(away, slack);
}

/** to[x] = a value moved away from its mean by `strength`, limited to 0 to 1, as doubles. */
export function enhance(values: usize, means: usize, count: i32, strength: f64, to: usize): void {
  const factor = f64x2.splat(strength);
  for (let x = 0; x < count; x += 2) {
    const value = f64x2.promote_low_f32x4(v128.load64_zero(values));
    const mean = f64x2.promote_low_f32x4(v128.load64_zero(means));
    const moved = f64x2.add(value, f64x2.mul(f64x2.sub(value, mean), factor));
    v128.store(to, f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(0), moved)));
    values += 8;
    means += 8;
    to += 16;
  }
}

// One colour that is mixed into pixels of four floats, in linear light.
import { decoded, encoded } from "./_pixels";

/** Returns a linear colour as a vector. */
@inline
export function colorOf(red: f32, green: f32, blue: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(0), 0, red), 1, green), 2, blue);
}

/**
 * Writes the mean of a pixel's colour and a linear colour, weighted by `own` and `added`, which are not both 0, with another alpha. Three channels have
 * no alpha. `placeConstants` was called before.
 */
@inline
export function putTinted(pixel: v128, own: f32, color: v128, added: f32, alpha: f32, channels: i32, to: usize): void {
  const light = f32x4.add(f32x4.mul(decoded(pixel), f32x4.splat(own)), f32x4.mul(color, f32x4.splat(added)));
  const mean = f32x4.replace_lane(encoded(f32x4.div(light, f32x4.splat(own + added))), 3, alpha);
  putPixel(mean, channels, to);
}

/** Writes one pixel of three or four floats. */
@inline
export function putPixel(pixel: v128, channels: i32, to: usize): void {
  if (channels == 4) v128.store(to, pixel);
  else {
    v128.store64_lane(to, pixel, 0);
    v128.store32_lane(to, pixel, 2, 8);
  }
}

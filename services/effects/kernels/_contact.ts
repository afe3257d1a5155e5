// Contact shadows.
import { isVisible } from "./_extent";

/** Writes `y` to each entry of a row of 32-bit integers whose pixel is visible. */
export function markVisible(from: usize, isFloat: bool, count: i32, bound: f32, y: i32, entries: usize): void {
  if (isFloat) {
    for (let x = 0; x < count; x++) if (isVisible(from, true, x, bound)) store<i32>(entries + (<usize>x << 2), y);
  } else {
    for (let x = 0; x < count; x++) if (isVisible(from, false, x, bound)) store<i32>(entries + (<usize>x << 2), y);
  }
}

/**
 * to[x] = weights[x] times the part of a row, from `top` to `top` + 1, that lies within halves[x] of 0. All are planes of floats with room for a multiple of
 * 4 values.
 */
export function flatRow(halves: usize, weights: usize, count: i32, top: f32, to: usize): void {
  const upper = f32x4.splat(top);
  const lower = f32x4.splat(top + 1);
  for (let x = 0; x < count; x += 4, halves += 16, weights += 16, to += 16) {
    const half = v128.load(halves);
    const part = f32x4.sub(f32x4.min(half, lower), f32x4.max(f32x4.neg(half), upper));
    v128.store(to, f32x4.mul(v128.load(weights), f32x4.max(f32x4.splat(0), part)));
  }
}

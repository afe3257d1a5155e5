// Where the visible pixels of a row of four channels begin and end. A pixel is visible if its alpha is above `bound`, in the units of the row: 0 to 255
// for bytes, 0 to 1 for floats.
import { alphaOf } from "./_pixels";

/** Returns the index of the first visible pixel, or `count`. */
export function firstVisible(from: usize, isFloat: bool, count: i32, bound: f32): i32 {
  return isFloat ? first(from, true, count, bound) : first(from, false, count, bound);
}

/** Returns the index after the last visible pixel, or 0. */
export function lastVisible(from: usize, isFloat: bool, count: i32, bound: f32): i32 {
  return isFloat ? last(from, true, count, bound) : last(from, false, count, bound);
}

@inline
function first(from: usize, isFloat: bool, count: i32, bound: f32): i32 {
  let x = 0;
  const groups = count & ~3;
  while (x < groups && !isAnyVisible(from, isFloat, x, bound)) x += 4;
  while (x < count && !isVisible(from, isFloat, x, bound)) x++;
  return x;
}

@inline
function last(from: usize, isFloat: bool, count: i32, bound: f32): i32 {
  let end = count;
  while ((end & 3) != 0) {
    if (isVisible(from, isFloat, end - 1, bound)) return end;
    end--;
  }
  while (end > 0 && !isAnyVisible(from, isFloat, end - 4, bound)) end -= 4;
  while (end > 0 && !isVisible(from, isFloat, end - 1, bound)) end--;
  return end;
}

@inline
export function isVisible(from: usize, isFloat: bool, x: i32, bound: f32): bool {
  if (isFloat) return load<f32>(from + (<usize>x << 4), 12) > bound;
  return <f32>load<u8>(from + (<usize>x << 2), 3) > bound;
}

/** Whether one of four pixels from `x` on is visible. */
@inline
function isAnyVisible(from: usize, isFloat: bool, x: i32, bound: f32): bool {
  if (isFloat) return v128.any_true(f32x4.gt(alphaOf(from + (<usize>x << 4)), f32x4.splat(bound)));
  const alphas = i32x4.shr_u(v128.load(from + (<usize>x << 2)), 24);
  return v128.any_true(i32x4.gt_s(alphas, i32x4.splat(<i32>bound)));
}

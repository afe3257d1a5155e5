import { integersOf, roundedOf } from "./_convert";
import { pairAt } from "./_mix";

// Operations on planes of doubles from 0 to 1. Planes have room for a multiple of 16 values; the values past the end are any.

/** to[x] = the tabulated curve at from[x], which is limited to 0 to 1. */
export function curve(from: usize, count: i32, table: usize, steps: f64, to: usize): void {
  const scale = f64x2.splat(steps);
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  for (let x = 0; x < count; x += 2) {
    v128.store(to, pairAt(table, scale, f64x2.pmin(one, f64x2.pmax(zero, v128.load(from)))));
    from += 16;
    to += 16;
  }
}

/**
 * to[x] = the byte of from[x] by a rising function: the index of the last bound that is not above it. `starts` has the byte at the lower end of each
 * interval around an 8192nd, which has at most one bound; `bounds` are 257 doubles, the last infinite.
 */
export function steps(from: usize, count: i32, starts: usize, bounds: usize, to: usize): void {
  const scale = f64x2.splat(8192);
  for (let x = 0; x < count; x += 2) {
    const values = v128.load(from);
    const index = integersOf(f64x2.mul(values, scale));
    store<u8>(to, stepOf(f64x2.extract_lane(values, 0), i32x4.extract_lane(index, 0), starts, bounds), 0);
    store<u8>(to, stepOf(f64x2.extract_lane(values, 1), i32x4.extract_lane(index, 2), starts, bounds), 1);
    from += 16;
    to += 2;
  }
}

@inline
function stepOf(value: f64, index: i32, starts: usize, bounds: usize): u8 {
  const byte = <usize>load<u8>(starts + <usize>index);
  return <u8>(byte + <usize>(value >= load<f64>(bounds + (byte << 3), 8)));
}

/** plane[x] = (plane[x] + offset - 0.5) * factor + 0.5, limited to 0 to 1. */
export function line(plane: usize, count: i32, offset: f64, factor: f64): void {
  const half = f64x2.splat(0.5);
  const shift = f64x2.splat(offset);
  const slope = f64x2.splat(factor);
  for (let x = 0; x < count; x += 2) {
    const moved = f64x2.sub(f64x2.add(v128.load(plane), shift), half);
    v128.store(plane, limited(f64x2.add(f64x2.mul(moved, slope), half)));
    plane += 16;
  }
}

/** plane[x] += span * (0.25 + 3 v (1 - v)) * noise[x], limited to 0 to 1, where v is the value before. `noise` are floats. */
export function grain(plane: usize, noise: usize, count: i32, span: f64): void {
  for (let x = 0; x < count; x += 2) {
    const value = v128.load(plane);
    const parabola = f64x2.mul(f64x2.mul(f64x2.splat(3), value), f64x2.sub(f64x2.splat(1), value));
    const strength = f64x2.mul(f64x2.splat(span), f64x2.add(f64x2.splat(0.25), parabola));
    const grains = f64x2.promote_low_f32x4(v128.load64_zero(noise));
    v128.store(plane, limited(f64x2.add(value, f64x2.mul(strength, grains))));
    plane += 16;
    noise += 8;
  }
}

/** to[x] = from[x] as the nearest float. */
export function toFloatPlane(from: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    v128.store(to, floatsAt(from));
    from += 32;
    to += 16;
  }
}

@inline
function limited(values: v128): v128 {
  return f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(0), values));
}

/** to[x] = the byte of from[x], a double that is rounded to a float first, as a row of floats would hold it. */
export function toBytePlane(from: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 16) {
    const a = roundedOf(floatsAt(from));
    const b = roundedOf(floatsAt(from + 32));
    const c = roundedOf(floatsAt(from + 64));
    const d = roundedOf(floatsAt(from + 96));
    v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    from += 128;
    to += 16;
  }
}

@inline
function floatsAt(from: usize): v128 {
  const low = f32x4.demote_f64x2_zero(v128.load(from, 0));
  const high = f32x4.demote_f64x2_zero(v128.load(from, 16));
  return v128.shuffle<i64>(low, high, 0, 2);
}

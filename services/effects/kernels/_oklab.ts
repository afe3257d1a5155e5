import { constant, encoded, mixed, putPixels } from "./_pixels";

// OKLab: B. Ottosson, "A perceptual color space for image processing" (2020). The cube roots of its cone responses are called l, m and s. The numbers
// are the places of its matrices among the constants of `_pixels`, whose `placeConstants` is called first.

/**
 * The cube root of values from 0 to about 1: a third of the exponent, then Halley's method twice. Up
 * to 1e-12 it is 0: products of smaller roots would be denormal, and slow.
 */
@inline
function cubeRoot(values: v128): v128 {
  const tiny = constant(51);
  const x = f32x4.pmax(tiny, values);
  const third = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.convert_i32x4_s(x), constant(52)));
  const root = halley(halley(i32x4.add(third, constant(53)), x), x);
  return v128.andnot(root, f32x4.le(values, tiny));
}

@inline
function halley(y: v128, x: v128): v128 {
  const cubed = cube(y);
  const sum = f32x4.add(cubed, x);
  return f32x4.div(f32x4.mul(y, f32x4.add(sum, x)), f32x4.add(sum, cubed));
}

@inline
export function cube(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, x), x);
}

/** l of four linear colours. */
@inline
export function longOf(r: v128, g: v128, b: v128): v128 {
  return cubeRoot(mixed(r, g, b, 24));
}

/** m of four linear colours. */
@inline
export function mediumOf(r: v128, g: v128, b: v128): v128 {
  return cubeRoot(mixed(r, g, b, 27));
}

/** s of four linear colours. */
@inline
export function shortOf(r: v128, g: v128, b: v128): v128 {
  return cubeRoot(mixed(r, g, b, 30));
}

/** OKLab lightness. */
@inline
export function lightnessOf(l: v128, m: v128, s: v128): v128 {
  return mixed(l, m, s, 33);
}

/** OKLab a: green to red. */
@inline
export function greenRedOf(l: v128, m: v128, s: v128): v128 {
  return mixed(l, m, s, 36);
}

/** OKLab b: blue to yellow. */
@inline
export function blueYellowOf(l: v128, m: v128, s: v128): v128 {
  return mixed(l, m, s, 39);
}

/** Linear red of the cubes of l, m and s. */
@inline
export function redOfCones(x: v128, y: v128, z: v128): v128 {
  return mixed(x, y, z, 42);
}

/** Linear green of the cubes of l, m and s. */
@inline
export function greenOfCones(x: v128, y: v128, z: v128): v128 {
  return mixed(x, y, z, 45);
}

/** Linear blue of the cubes of l, m and s. */
@inline
export function blueOfCones(x: v128, y: v128, z: v128): v128 {
  return mixed(x, y, z, 48);
}

/** Writes the first `rest` of four pixels from l, m and s. Samples outside sRGB are limited. */
@inline
export function putCones(l: v128, m: v128, s: v128, a: v128, channels: i32, rest: i32, to: usize): void {
  const x = cube(l);
  const y = cube(m);
  const z = cube(s);
  const r = encoded(redOfCones(x, y, z));
  const g = encoded(greenOfCones(x, y, z));
  const b = encoded(blueOfCones(x, y, z));
  putPixels(r, g, b, a, channels, rest, to);
}

// Four pixels, or four samples, at a time: between encoded samples and linear light, and between rows and vectors of one channel.

/** Limits four floats to 0 to 1. NaN becomes 0. */
@inline
export function unit(values: v128): v128 {
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), values));
}

// Constants of the loops, as vectors. They are stored in the first page of memory, which `allocate` never hands out. Loading a constant takes a third of
// the time that making it takes.
// `placeConstants` writes them, and each kernel that uses them calls it first.

const CONSTANTS: usize = 1024;

@inline
export function constant(index: usize): v128 {
  return v128.load(CONSTANTS + (index << 4));
}

@inline
function place(index: usize, value: f32): void {
  v128.store(CONSTANTS + (index << 4), f32x4.splat(value));
}

/** Writes the constants of this file and of `_oklab`. */
export function placeConstants(): void {
  // Minimax polynomials, the highest power first: ((v + 0.055) / 1.055)^2.4 of v, and 1.055 v^(1 / 2.4) - 0.055 of the fourth root of v.
  place(0, 0.062172695994377136);
  place(1, -0.2775934040546417);
  place(2, 0.5443190932273865);
  place(3, -0.6632871031761169);
  place(4, 0.8046103119850159);
  place(5, 0.4942459464073181);
  place(6, 0.03466401621699333);
  place(7, 0.0008701309561729431);
  place(8, <f32>(1 / 12.92));
  place(9, 0.04045);
  place(10, -0.07621052116155624);
  place(11, 0.39471423625946045);
  place(12, -0.8984146118164062);
  place(13, 1.2091517448425293);
  place(14, -1.1558964252471924);
  place(15, 1.4615259170532227);
  place(16, 0.12357587367296219);
  place(17, -0.05844658985733986);
  place(18, 12.92);
  place(19, 0.0031308);
  place(20, 1);
  // Luminance of linear colours: ITU-R BT.709-6, 3.2.
  place(21, 0.2126);
  place(22, 0.7152);
  place(23, 0.0722);
  // B. Ottosson, "A perceptual color space for image processing" (2020): from linear sRGB to the responses of the three kinds of cones,
  place(24, 0.4122214708);
  place(25, 0.5363325363);
  place(26, 0.0514459929);
  place(27, 0.2119034982);
  place(28, 0.6806995451);
  place(29, 0.1073969566);
  place(30, 0.0883024619);
  place(31, 0.2817188376);
  place(32, 0.6299787005);
  // from their cube roots to lightness, a and b,
  place(33, 0.2104542553);
  place(34, 0.793617785);
  place(35, -0.0040720468);
  place(36, 1.9779984951);
  place(37, -2.428592205);
  place(38, 0.4505937099);
  place(39, 0.0259040371);
  place(40, 0.7827717662);
  place(41, -0.808675766);
  // and from the responses back to linear sRGB.
  place(42, 4.0767416621);
  place(43, -3.3077115913);
  place(44, 0.2309699292);
  place(45, -1.2684380046);
  place(46, 2.6097574011);
  place(47, -0.3413193965);
  place(48, -0.0041960863);
  place(49, -0.7034186147);
  place(50, 1.707614701);
  place(51, 1e-12);
  place(52, <f32>(1.0 / 3.0));
  // The offset of a third of an exponent in FreeBSD's cbrtf: (127 - 127 / 3 - 0.03306) 2^23.
  v128.store(CONSTANTS + (53 << 4), i32x4.splat(709958130));
}

/**
 * The polynomial of degree 7 with the constants from an index on, by Estrin's scheme: a loop waits for the longest chain of products, which is shorter
 * than Horner's.
 */
@inline
function polynomial(x: v128, first: usize): v128 {
  const x2 = f32x4.mul(x, x);
  const low = f32x4.add(lineOf(x, first + 6), f32x4.mul(x2, lineOf(x, first + 4)));
  const high = f32x4.add(lineOf(x, first + 2), f32x4.mul(x2, lineOf(x, first)));
  return f32x4.add(low, f32x4.mul(f32x4.mul(x2, x2), high));
}

@inline
function lineOf(x: v128, first: usize): v128 {
  return f32x4.add(f32x4.mul(x, constant(first)), constant(first + 1));
}

/** Linear light of sRGB-encoded samples from 0 to 1: IEC 61966-2-1. The error is below 2e-6. */
@inline
export function decoded(values: v128): v128 {
  const toe = f32x4.mul(values, constant(8));
  return v128.bitselect(polynomial(values, 0), toe, f32x4.gt(values, constant(9)));
}

/** Linear samples, limited to 0 to 1, encoded. The error is below 7e-7. */
@inline
export function encoded(values: v128): v128 {
  const one = constant(20);
  const limited = f32x4.pmin(one, f32x4.pmax(f32x4.splat(0), values));
  const root = f32x4.sqrt(f32x4.sqrt(limited));
  const toe = f32x4.mul(limited, constant(18));
  return f32x4.pmin(one, v128.bitselect(polynomial(root, 10), toe, f32x4.gt(limited, constant(19))));
}

// Four pixels as vectors of their red, green, blue and alpha. A row of three channels has no alpha.

@inline
export function redOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 3, 6, 6);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 2, 5);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 4, 0, 4);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 0, 4, 0, 4), 0, 1, 4, 5);
}

@inline
export function greenOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 1, 4, 7, 7);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 2, 6);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 1, 5, 1, 5);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 1, 5, 1, 5), 0, 1, 4, 5);
}

@inline
export function blueOf(from: usize, channels: i32): v128 {
  if (channels == 3) {
    const pair = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 2, 5, 5, 5);
    return v128.shuffle<i32>(pair, v128.load(from, 32), 0, 1, 4, 7);
  }
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 2, 6, 2, 6);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 2, 6, 2, 6), 0, 1, 4, 5);
}

@inline
export function alphaOf(from: usize): v128 {
  const left = v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 3, 7, 3, 7);
  return v128.shuffle<i32>(left, v128.shuffle<i32>(v128.load(from, 32), v128.load(from, 48), 3, 7, 3, 7), 0, 1, 4, 5);
}

/** Writes the first `rest` of four pixels, at least 1. */
@inline
export function putPixels(r: v128, g: v128, b: v128, a: v128, channels: i32, rest: i32, to: usize): void {
  if (rest >= 4) {
    const low = v128.shuffle<i32>(r, g, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(r, g, 2, 6, 3, 7);
    if (channels == 3) {
      v128.store(to, v128.shuffle<i32>(low, b, 0, 1, 4, 2));
      v128.store(to, v128.shuffle<i32>(v128.shuffle<i32>(low, b, 3, 5, 3, 5), high, 0, 1, 4, 5), 16);
      v128.store(to, v128.shuffle<i32>(b, high, 2, 6, 7, 3), 32);
    } else {
      const lowRest = v128.shuffle<i32>(b, a, 0, 4, 1, 5);
      const highRest = v128.shuffle<i32>(b, a, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<i32>(low, lowRest, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<i32>(low, lowRest, 2, 3, 6, 7), 16);
      v128.store(to, v128.shuffle<i32>(high, highRest, 0, 1, 4, 5), 32);
      v128.store(to, v128.shuffle<i32>(high, highRest, 2, 3, 6, 7), 48);
    }
    return;
  }
  for (let i = 0; i < rest; i++, to += <usize>channels << 2) {
    store<f32>(to, f32x4.extract_lane(r, 0), 0);
    store<f32>(to, f32x4.extract_lane(g, 0), 4);
    store<f32>(to, f32x4.extract_lane(b, 0), 8);
    if (channels == 4) store<f32>(to, f32x4.extract_lane(a, 0), 12);
    r = v128.shuffle<i32>(r, r, 1, 2, 3, 0);
    g = v128.shuffle<i32>(g, g, 1, 2, 3, 0);
    b = v128.shuffle<i32>(b, b, 1, 2, 3, 0);
    a = v128.shuffle<i32>(a, a, 1, 2, 3, 0);
  }
}

/** The sum of three products with the constants from an index on. */
@inline
export function mixed(x: v128, y: v128, z: v128, first: usize): v128 {
  const two = f32x4.add(f32x4.mul(x, constant(first)), f32x4.mul(y, constant(first + 1)));
  return f32x4.add(two, f32x4.mul(z, constant(first + 2)));
}

/** The luminance of four linear colours. */
@inline
export function lightOf(r: v128, g: v128, b: v128): v128 {
  return mixed(r, g, b, 21);
}

/** The luminance of four encoded pixels, linear. */
@inline
export function luminanceOf(from: usize, channels: i32): v128 {
  return lightOf(decoded(redOf(from, channels)), decoded(greenOf(from, channels)), decoded(blueOf(from, channels)));
}

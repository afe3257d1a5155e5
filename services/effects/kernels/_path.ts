// Blur along rays and arcs: pictures of linear light in tiles.
import { alphaOf, blueOf, constant, decoded, encoded, greenOf, placeConstants, putPixels, redOf, unit } from "./_pixels";

// A tile has 128 × 128 pixels of four floats, and one more row and column, so that each pixel has its right and lower neighbours in it. A row has room
// for 132.
const ROW: usize = 132 * 16;

/**
 * A tile of linear light times alpha, with alpha, from a part of a picture's rows, `stride` bytes apart. A pixel after the last column and row repeats
 * them.
 */
export function lightTile(from: usize, stride: usize, channels: i32, width: i32, height: i32, to: usize): void {
  placeConstants();
  for (let y = 0; y < height; y++) {
    if (channels == 3) lightRow(from, 3, width, to);
    else lightRow(from, 4, width, to);
    const end = to + (<usize>width << 4);
    v128.store(end, v128.load(end - 16));
    from += stride;
    to += ROW;
  }
  if (height < 129) memory.copy(to, to - ROW, ROW);
}

@inline
function lightRow(from: usize, channels: i32, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    let r = decoded(unit(redOf(from, channels)));
    let g = decoded(unit(greenOf(from, channels)));
    let b = decoded(unit(blueOf(from, channels)));
    let a = constant(20);
    if (channels == 4) {
      a = unit(alphaOf(from));
      r = f32x4.mul(r, a);
      g = f32x4.mul(g, a);
      b = f32x4.mul(b, a);
    }
    putPixels(r, g, b, a, 4, 4, to);
    from += <usize>channels << 4;
    to += 64;
  }
}

/**
 * Adds to the pixels of a tile `weight` times the picture at other places. Pixel x, y reads at u + cos x - sin y, v + sin x + cos y, limited to
 * `left` to `right` and `top` to `bottom`, interpolated between four pixels. Places are counted from the corner of the first of 4 × 4 tiles. `tiles` has
 * what to add to 16 x + 2112 y for the address of a pixel in each tile, and room for 32 bytes more.
 */
export function addTap(
  tiles: usize, u: f32, v: f32, cos: f32, sin: f32, left: f32, top: f32, right: f32, bottom: f32,
  weight: f32, width: i32, height: i32, to: usize,
): void {
  const columns = f32x4(0, 1, 2, 3);
  const across = f32x4.mul(columns, f32x4.splat(cos));
  const along = f32x4.mul(columns, f32x4.splat(sin));
  const stepU = f32x4.splat(cos * 4);
  const stepV = f32x4.splat(sin * 4);
  const shares = f32x4.splat(weight);
  const leastU = f32x4.splat(left);
  const mostU = f32x4.splat(right);
  const leastV = f32x4.splat(top);
  const mostV = f32x4.splat(bottom);
  // Added to 2^23, a whole float fills the lowest bits.
  const magic = f32x4.splat(8388608);
  const low = i32x4.splat(0xffff);
  // The integer part of a place as two halves, column and row; one product with each gives its address, or its tile.
  const sizes = i16x8(16, 2112, 16, 2112, 16, 2112, 16, 2112);
  const slots = i16x8(4, 16, 4, 16, 4, 16, 4, 16);
  for (let y = 0; y < height; y++) {
    let fromLeft = f32x4.add(f32x4.splat(u - sin * <f32>y), across);
    let fromTop = f32x4.add(f32x4.splat(v + cos * <f32>y), along);
    let at = to;
    for (let x = 0; x < width; x += 4) {
      const placeU = f32x4.pmin(mostU, f32x4.pmax(leastU, fromLeft));
      const placeV = f32x4.pmin(mostV, f32x4.pmax(leastV, fromTop));
      const wholeU = f32x4.floor(placeU);
      const wholeV = f32x4.floor(placeV);
      const toRight = f32x4.sub(placeU, wholeU);
      const down = f32x4.sub(placeV, wholeV);
      const pair = v128.or(v128.and(f32x4.add(wholeU, magic), low), i32x4.shl(f32x4.add(wholeV, magic), 16));
      v128.store(tiles, i32x4.dot_i16x8_s(i16x8.shr_u(pair, 7), slots), 64);
      v128.store(tiles, i32x4.dot_i16x8_s(pair, sizes), 80);
      addPixel(load<u32>(tiles + load<u32>(tiles, 64)) + load<u32>(tiles, 80),
        v128.shuffle<i32>(toRight, toRight, 0, 0, 0, 0), v128.shuffle<i32>(down, down, 0, 0, 0, 0), shares, at);
      addPixel(load<u32>(tiles + load<u32>(tiles, 68)) + load<u32>(tiles, 84),
        v128.shuffle<i32>(toRight, toRight, 1, 1, 1, 1), v128.shuffle<i32>(down, down, 1, 1, 1, 1), shares, at + 16);
      addPixel(load<u32>(tiles + load<u32>(tiles, 72)) + load<u32>(tiles, 88),
        v128.shuffle<i32>(toRight, toRight, 2, 2, 2, 2), v128.shuffle<i32>(down, down, 2, 2, 2, 2), shares, at + 32);
      addPixel(load<u32>(tiles + load<u32>(tiles, 76)) + load<u32>(tiles, 92),
        v128.shuffle<i32>(toRight, toRight, 3, 3, 3, 3), v128.shuffle<i32>(down, down, 3, 3, 3, 3), shares, at + 48);
      fromLeft = f32x4.add(fromLeft, stepU);
      fromTop = f32x4.add(fromTop, stepV);
      at += 64;
    }
    to += ROW;
  }
}

/** Adds a share of the mix of four neighbouring pixels. Four equal pixels give their value exactly. */
@inline
function addPixel(from: usize, toRight: v128, down: v128, share: v128, to: usize): void {
  const leftTop = v128.load(from, 0);
  const leftBottom = v128.load(from, 2112);
  const upper = f32x4.add(leftTop, f32x4.mul(f32x4.sub(v128.load(from, 16), leftTop), toRight));
  const lower = f32x4.add(leftBottom, f32x4.mul(f32x4.sub(v128.load(from, 2128), leftBottom), toRight));
  const mix = f32x4.add(upper, f32x4.mul(f32x4.sub(lower, upper), down));
  v128.store(to, f32x4.add(v128.load(to), f32x4.mul(mix, share)));
}

/**
 * Floats from 0 to 1 as 16 bits: 5 of the exponent and 11 of the mantissa, rounded. Below 2^-31 they become 0. `count` is a multiple of 8. The result may
 * be over the floats.
 */
export function packLight(from: usize, count: i32, to: usize): void {
  for (let end = to + (<usize>count << 1); to < end; to += 16, from += 32)
    v128.store(to, i16x8.narrow_i32x4_u(packed(v128.load(from, 0)), packed(v128.load(from, 16))));
}

@inline
function packed(values: v128): v128 {
  return i32x4.sub(i32x4.shr_u(i32x4.add(values, i32x4.splat(0x800)), 12), i32x4.splat(96 << 11));
}

/** Floats from such 16 bits. */
export function unpackLight(from: usize, count: i32, to: usize): void {
  for (let end = from + (<usize>count << 1); from < end; from += 16, to += 32) {
    const codes = v128.load(from);
    v128.store(to, unpacked(i32x4.extend_low_i16x8_u(codes)), 0);
    v128.store(to, unpacked(i32x4.extend_high_i16x8_u(codes)), 16);
  }
}

@inline
function unpacked(codes: v128): v128 {
  const value = i32x4.add(i32x4.shl(codes, 12), i32x4.splat(96 << 23));
  return v128.and(value, i32x4.gt_s(codes, i32x4.splat(0)));
}

/** Encodes the colours of a tile, divided by their alpha, into a part of a picture's rows. Colours stay where that alpha is 0, and so does the rows' alpha. */
export function encodeTile(from: usize, width: i32, height: i32, channels: i32, to: usize, stride: usize): void {
  placeConstants();
  for (let y = 0; y < height; y++) {
    let at = to;
    for (let x = 0; x < width; x++) {
      const sum = v128.load(from + (<usize>x << 4));
      const alpha = f32x4.extract_lane(sum, 3);
      if (alpha > 0) {
        const color = encoded(f32x4.div(sum, f32x4.splat(alpha)));
        v128.store64_lane(at, color, 0);
        v128.store32_lane(at, color, 2, 8);
      }
      at += <usize>channels << 2;
    }
    from += ROW;
    to += stride;
  }
}

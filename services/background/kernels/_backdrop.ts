import { hiddenByte } from "./_fill";
import { mixAt } from "./_places";
import { toOpaque } from "./_pixels";

/**
 * Writes `count` pixels of RGB: the picture's, laid on white, with the fill where the cut-out hides it. `across` has their
 * places in the mixed row of the fill.
 */
export function hideRow(
  picture: usize,
  channels: i32,
  cutOut: usize,
  cutOutChannels: i32,
  fillRow: usize,
  across: usize,
  out: usize,
  count: i32,
): void {
  const step: usize = channels >= 3 ? 1 : 0;
  for (let x = 0; x < count; x++) {
    const from = picture + <usize>(x * channels);
    const own: i32 = channels % 2 == 0 ? load<u8>(from + <usize>channels - 1) : 255;
    const red = toOpaque(load<u8>(from), own);
    const green = toOpaque(load<u8>(from + step), own);
    const blue = toOpaque(load<u8>(from + 2 * step), own);
    const alpha: i32 =
      cutOutChannels % 2 == 0 ? load<u8>(cutOut + <usize>((x + 1) * cutOutChannels - 1)) : 255;
    let color = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(red), 1, green), 2, blue);
    const hidden = hiddenByte(alpha);
    if (hidden > 0) {
      const sample = f32x4.convert_i32x4_s(color);
      const fill = mixAt(fillRow, across + (<usize>x << 3));
      const part = f32x4.splat(<f32>hidden / 255);
      color = toBytes(f32x4.add(sample, f32x4.mul(f32x4.sub(fill, sample), part)));
    }
    storeColor(out + <usize>(3 * x), color);
  }
}

/** Rounds samples half up. */
@inline
function toBytes(samples: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.add(samples, f32x4.splat(0.5)));
}

/** Stores the first three lanes, and a fourth byte that the next pixel overwrites. */
@inline
function storeColor(to: usize, color: v128): void {
  const narrow = i16x8.narrow_i32x4_u(color, color);
  store<i32>(to, i32x4.extract_lane(i8x16.narrow_i16x8_u(narrow, narrow), 0));
}

/** Converts a row of `count` RGB pixels to four floats a pixel. Reads a byte more. */
export function widenRow(from: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x++) {
    const bytes = i16x8.extend_low_i8x16_u(v128.load32_zero(from + <usize>(3 * x)));
    v128.store(to + (<usize>x << 4), f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(bytes)));
  }
}

/** Writes `count` pixels of RGB that lie at `across` in a mixed row. */
export function enlargeRow(row: usize, across: usize, count: i32, out: usize): void {
  for (let x = 0; x < count; x++) storeColor(out + <usize>(3 * x), toBytes(mixAt(row, across + (<usize>x << 3))));
}

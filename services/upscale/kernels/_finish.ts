// Sharpening and contrast of an enlargement. Luminance is in thousandths of a level, so that all sums are whole numbers: at most 255,000 times 16.

/**
 * Writes the luminance (ITU-R BT.601) of a row of bytes, and its sums with both neighbours, itself twice. Borders are repeated. `luma` has
 * space for 4 bytes before it.
 */
export function smoothRow(pixels: usize, width: i32, channels: i32, luma: usize, smooth: usize): void {
  const bytes = <usize>width << 2;
  if (channels == 1) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const values = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixels + (at >> 2))));
      v128.store(luma + at, i32x4.mul(values, i32x4.splat(1000)));
    }
  } else {
    for (let at: usize = 0; at < bytes; at += 16) {
      const values = v128.load(pixels);
      const redGreen = i8x16.swizzle(values, i8x16(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
      const blue = i8x16.swizzle(values, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
      const both = i32x4.dot_i16x8_s(redGreen, i32x4.splat((587 << 16) | 299));
      v128.store(luma + at, i32x4.add(both, i32x4.dot_i16x8_s(blue, i32x4.splat(114))));
      pixels += 12;
    }
  }
  store<i32>(luma - 4, load<i32>(luma));
  store<i32>(luma + bytes, load<i32>(luma + bytes - 4));
  for (let at: usize = 0; at < bytes; at += 16) {
    const sides = i32x4.add(v128.load(luma + at - 4), v128.load(luma + at + 4));
    v128.store(smooth + at, i32x4.add(sides, i32x4.shl(v128.load(luma + at), 1)));
  }
}

/**
 * Finishes a row of bytes: adds `sharpen` times the difference of luminance to its blur, then multiplies the distance to mid-grey by `gain`.
 * `above`, `smooth` and `below` are the sums of three rows.
 */
export function finishRow(
  pixels: usize, width: i32, channels: i32, luma: usize, above: usize, smooth: usize, below: usize, sharpen: f32, gain: f32, to: usize,
): void {
  const bytes = <usize>width << 2;
  const factor = f32x4.splat(sharpen * gain);
  for (let at: usize = 0; at < bytes; at += 16) {
    const outer = i32x4.add(v128.load(above + at), v128.load(below + at));
    const sum = i32x4.add(outer, i32x4.shl(v128.load(smooth + at), 1));
    const difference = i32x4.sub(i32x4.shl(v128.load(luma + at), 4), sum);
    // A division, so that whole parts of a level are exact.
    const detail = f32x4.div(f32x4.mul(f32x4.convert_i32x4_s(difference), factor), f32x4.splat(16000));
    if (channels == 1) {
      const values = i16x8.extend_low_i8x16_u(v128.load32_zero(pixels));
      const found = finished(i32x4.extend_low_i16x8_u(values), detail, gain);
      v128.store32_lane(to, narrowed(found, found, found), 0);
      pixels += 4;
      to += 4;
    } else {
      const values = v128.load(pixels);
      const low = i16x8.extend_low_i8x16_u(values);
      const high = i16x8.extend_high_i8x16_u(values);
      const one = finished(i32x4.extend_low_i16x8_u(low), v128.shuffle<i32>(detail, detail, 0, 0, 0, 1), gain);
      const two = finished(i32x4.extend_high_i16x8_u(low), v128.shuffle<i32>(detail, detail, 1, 1, 2, 2), gain);
      const three = finished(i32x4.extend_low_i16x8_u(high), v128.shuffle<i32>(detail, detail, 2, 3, 3, 3), gain);
      // The last four bytes are written again with the next pixels.
      v128.store(to, narrowed(one, two, three));
      pixels += 12;
      to += 12;
    }
  }
}

/** Rounded samples, as integers that may lie outside of 0 to 255. */
@inline
function finished(samples: v128, detail: v128, gain: f32): v128 {
  const distance = f32x4.mul(f32x4.sub(f32x4.convert_i32x4_s(samples), f32x4.splat(127.5)), f32x4.splat(gain));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.add(distance, detail), f32x4.splat(128)));
}

@inline
function narrowed(one: v128, two: v128, three: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(one, two), i16x8.narrow_i32x4_s(three, three));
}

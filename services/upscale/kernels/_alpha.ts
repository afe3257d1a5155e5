// Pixels of 2 or 4 channels, whose last one is alpha.

/** Copies pixels without their last channel. `to` may be `pixels`: what is written lies before what is read next. */
export function dropLast(pixels: usize, count: i32, channels: i32, to: usize): void {
  if (channels == 2) {
    for (let at = 0; at < count; at += 8) {
      const values = v128.and(v128.load(pixels), i16x8.splat(255));
      v128.store64_lane(to, i8x16.narrow_i16x8_u(values, values), 0);
      pixels += 16;
      to += 8;
    }
    return;
  }
  for (let at = 0; at < count; at += 4) {
    const values = v128.load(pixels);
    v128.store(to, i8x16.swizzle(values, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
    pixels += 16;
    to += 12;
  }
}

/** Joins `count` pixels of 1 or 3 channels with an alpha, a byte each, to pixels of `channels`. */
export function joinLast(colors: usize, alpha: usize, count: i32, channels: i32, to: usize): void {
  if (channels == 2) {
    for (let at = 0; at < count; at += 8) {
      const values = i16x8.extend_low_i8x16_u(v128.load64_zero(colors));
      const alphas = i16x8.shl(i16x8.extend_low_i8x16_u(v128.load64_zero(alpha)), 8);
      v128.store(to, v128.or(values, alphas));
      colors += 8;
      alpha += 8;
      to += 16;
    }
    return;
  }
  for (let at = 0; at < count; at += 4) {
    const values = i8x16.swizzle(v128.load(colors), i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
    const alphas = i8x16.swizzle(v128.load32_zero(alpha), i8x16(-1, -1, -1, 0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3));
    v128.store(to, v128.or(values, alphas));
    colors += 12;
    alpha += 4;
    to += 16;
  }
}

/** Rounds of `sums / 255` in 16-bit lanes, exactly, for sums up to 65,025. */
@inline
function over255(sums: v128): v128 {
  const raised = i16x8.add(sums, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(raised, i16x8.shr_u(raised, 8)), 8);
}

/**
 * Lays `count` pixels of a cut-out over a background, exactly as the reference `layOverReference`. `channels` of the result are
 * 3, or 4 over a background with alpha. The result has 16 bytes more than its pixels.
 */
export function layOver(
  over: usize,
  overChannels: i32,
  under: usize,
  underChannels: i32,
  out: usize,
  channels: i32,
  count: i32,
): void {
  let done = 0;
  if (overChannels == 4 && underChannels == 3) {
    for (; done + 4 <= count; done += 4) layFour(over + <usize>(done * 4), under + <usize>(done * 3), out + <usize>(done * 3));
  }
  for (; done < count; done++) {
    layOne(
      over + <usize>(done * overChannels),
      overChannels,
      under + <usize>(done * underChannels),
      underChannels,
      out + <usize>(done * channels),
      channels,
    );
  }
}

/** Lays four pixels of RGBA over four of RGB. Reads 16 bytes and writes 16 bytes of each. */
@inline
function layFour(over: usize, under: usize, out: usize): void {
  const above = v128.load(over);
  const alpha = i8x16.shuffle(above, above, 3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
  const packed = v128.load(under);
  const below = i8x16.shuffle(packed, packed, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const rest = v128.not(alpha);
  const low = i16x8.add(i16x8.extmul_low_i8x16_u(above, alpha), i16x8.extmul_low_i8x16_u(below, rest));
  const high = i16x8.add(i16x8.extmul_high_i8x16_u(above, alpha), i16x8.extmul_high_i8x16_u(below, rest));
  const mixed = i8x16.narrow_i16x8_u(over255(low), over255(high));
  v128.store(out, i8x16.shuffle(mixed, mixed, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0));
}

@inline
function layOne(over: usize, overChannels: i32, under: usize, underChannels: i32, out: usize, channels: i32): void {
  const alpha: i32 = overChannels % 2 == 0 ? load<u8>(over + <usize>overChannels - 1) : 255;
  const underAlpha: i32 = underChannels % 2 == 0 ? load<u8>(under + <usize>underChannels - 1) : 255;
  // In units of 255²: the visible share of each.
  const overShare = alpha * 255;
  const underShare = (255 - alpha) * underAlpha;
  const total = overShare + underShare;
  if (channels == 4) store<u8>(out, <u8>((2 * total + 255) / 510), 3);
  for (let c: usize = 0; c < 3; c++) {
    const above: i32 = load<u8>(over + (overChannels >= 3 ? c : 0));
    const below: i32 = load<u8>(under + (underChannels >= 3 ? c : 0));
    const sum = above * overShare + below * underShare;
    store<u8>(out + c, total == 0 ? 0 : <u8>((2 * sum + total) / (2 * total)));
  }
}

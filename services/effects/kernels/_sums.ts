// Rows of bytes whose results are functions of a sum: one table entry for each of red, green and blue. The sums are integers, so they are near the exact
// values. Where a result could differ by that, its block is listed as unclear, and the caller computes it in floats.

/** Pixels of a block. */
const BLOCK: i32 = 4;

/**
 * Writes pixels as the whole parts of sums. `tables` are three times 256 entries of four integers, in 65,536ths: what a byte of red, green or blue adds
 * to the three samples. The entries of red also add a half, for rounding, and `slack`. A block is unclear if one of its sums lies within `slack` of the
 * next byte. Writes the index of the first pixel of each unclear block to `unclear` and returns their number.
 */
export function sumPixels(
  from: usize, channels: i32, count: i32, tables: usize, slack: i32, to: usize, unclear: usize,
): i32 {
  return channels == 3
    ? sumsOf(from, 3, count, tables, slack, to, unclear)
    : sumsOf(from, 4, count, tables, slack, to, unclear);
}

@inline
function sumsOf(from: usize, channels: usize, count: i32, tables: usize, slack: i32, to: usize, unclear: usize): i32 {
  // Low halves of 32 bits are fractions. The high halves are never below 0.
  const near = i32x4.splat(2 * slack);
  let listed = unclear;
  for (let x = 0; x < count; x += BLOCK) {
    const a = sumAt(from, tables);
    const b = sumAt(from + channels, tables);
    const c = sumAt(from + 2 * channels, tables);
    const d = sumAt(from + 3 * channels, tables);
    const least = i16x8.min_u(i16x8.min_u(a, b), i16x8.min_u(c, d));
    if (v128.any_true(i16x8.sub_sat_u(near, least))) {
      store<i32>(listed, x);
      listed += 4;
    }
    const upper = i16x8.narrow_i32x4_s(i32x4.shr_s(a, 16), i32x4.shr_s(b, 16));
    const lower = i16x8.narrow_i32x4_s(i32x4.shr_s(c, 16), i32x4.shr_s(d, 16));
    const bytes = i8x16.narrow_i16x8_u(upper, lower);
    // The last four bytes of three channels are written again by the next block.
    if (channels == 3) v128.store(to, v128.shuffle<u8>(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15));
    else v128.store(to, bytes);
    from += <usize>BLOCK * channels;
    to += <usize>BLOCK * channels;
  }
  return <i32>((listed - unclear) >> 2);
}

@inline
function sumAt(from: usize, tables: usize): v128 {
  const red = v128.load(tables + (<usize>load<u8>(from, 0) << 4), 0);
  const green = v128.load(tables + (<usize>load<u8>(from, 1) << 4), 4096);
  const blue = v128.load(tables + (<usize>load<u8>(from, 2) << 4), 8192);
  return i32x4.add(i32x4.add(red, green), blue);
}

/**
 * Writes one of two pixels (32 bits) by a sum of integers: `low` below `bound`, `high` from it on. `tables` are three times 256 integers. A block is
 * unclear if one of its sums lies within `slack` of the bound.
 */
export function splitSums(
  from: usize, channels: i32, count: i32, tables: usize, bound: i32, slack: i32, low: u32, high: u32, to: usize, unclear: usize,
): i32 {
  return channels == 3
    ? splitOf(from, 3, count, tables, bound, slack, low, high, to, unclear)
    : splitOf(from, 4, count, tables, bound, slack, low, high, to, unclear);
}

@inline
function splitOf(
  from: usize, channels: usize, count: i32, tables: usize, bound: i32, slack: i32, low: u32, high: u32, to: usize, unclear: usize,
): i32 {
  const reach = <u32>(2 * slack);
  let listed = unclear;
  for (let x = 0; x < count; x += BLOCK) {
    let isUnclear: u32 = 0;
    for (let i: usize = 0; i < <usize>BLOCK; i++) {
      const over = levelAt(from, tables) - bound;
      isUnclear |= <u32>(<u32>(over + slack) < reach);
      // The fourth byte of three channels is the next pixel's red, which is written afterwards.
      store<u32>(to, select<u32>(high, low, over >= 0));
      from += channels;
      to += channels;
    }
    if (isUnclear != 0) {
      store<i32>(listed, x);
      listed += 4;
    }
  }
  return <i32>((listed - unclear) >> 2);
}

@inline
function levelAt(from: usize, tables: usize): i32 {
  const red = load<i32>(tables + (<usize>load<u8>(from, 0) << 2), 0);
  const green = load<i32>(tables + (<usize>load<u8>(from, 1) << 2), 1024);
  const blue = load<i32>(tables + (<usize>load<u8>(from, 2) << 2), 2048);
  return red + green + blue;
}

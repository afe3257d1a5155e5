/**
 * Adler-32 (RFC 1950, clause 8.2) with vector instructions. 5,552 bytes are the most for which the sums stay below 2^32, as in zlib.
 */

const prime: u32 = 65_521;
const mostBytes: i32 = 5_552;

function total(sums: v128): u32 {
  const pairs = i32x4.add(sums, i32x4.shuffle(sums, sums, 2, 3, 0, 1));
  return <u32>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1));
}

/** Continues the checksum `adler`, which is 1 before the first byte, with `length` bytes. */
export function adler32(adler: u32, at: usize, length: i32): u32 {
  let a = adler & 0xffff;
  let b = adler >> 16;
  const high = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const low = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  while (length > 0) {
    let count = min(length, mostBytes);
    length -= count;
    const blocks = count >> 4;
    let sums = i32x4.splat(0);
    let earlier = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (let block = 0; block < blocks; block++) {
      const bytes = v128.load(at);
      earlier = i32x4.add(earlier, sums);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), high));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), low));
      at += 16;
    }
    b += 16 * (<u32>blocks * a + total(earlier)) + total(weighted);
    a += total(sums);
    for (count &= 15; count > 0; count--) {
      a += load<u8>(at++);
      b += a;
    }
    a %= prime;
    b %= prime;
  }
  return (b << 16) | a;
}

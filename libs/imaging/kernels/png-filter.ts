/**
 * The filters of PNG (ISO/IEC 15948, clause 9) with vector instructions, its checksum, and deflate for filtered rows. The reference is ../src/encode/png/filter-reference.ts.
 */
export { adler32 } from "./_adler32";
export { deflate } from "./_deflate";

/** Zeros before a scratch row: the pixel to the left of the first one. */
const margin: usize = 16;

@inline
function distance(one: v128, other: v128): v128 {
  return i8x16.sub(i8x16.max_u(one, other), i8x16.min_u(one, other));
}

/** Half of the sum, rounded down. `avgr_u` rounds up. */
@inline
function average(left: v128, above: v128): v128 {
  return i8x16.sub(i8x16.avgr_u(left, above), v128.and(v128.xor(left, above), i8x16.splat(1)));
}

/** The one of three neighbours that is nearest to `left + above - corner`. */
@inline
function paeth(left: v128, above: v128, corner: v128): v128 {
  const toLeft = distance(above, corner);
  const toAbove = distance(left, corner);
  // Distances of the same direction add up, others cancel. A sum above 255 is never the smallest.
  const isSame = v128.not(v128.xor(i8x16.gt_u(above, corner), i8x16.gt_u(left, corner)));
  const toCorner = v128.bitselect(i8x16.add_sat_u(toLeft, toAbove), distance(toLeft, toAbove), isSame);
  const least = i8x16.min_u(i8x16.min_u(toLeft, toAbove), toCorner);
  const other = v128.bitselect(above, corner, i8x16.eq(toAbove, least));
  return v128.bitselect(left, other, i8x16.eq(toLeft, least));
}

/** Adds the magnitudes of signed bytes to four sums. */
@inline
function addMagnitudes(sums: v128, bytes: v128): v128 {
  return i32x4.add(
    sums,
    i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(i8x16.abs(bytes))),
  );
}

function total(sums: v128): i32 {
  const pairs = i32x4.add(sums, i32x4.shuffle(sums, sums, 2, 3, 0, 1));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

/** Returns the filter whose result has the least sum of magnitudes; the first of equal ones. */
function chooseFilter(row: usize, before: usize, stride: i32, pixelBytes: usize): i32 {
  let none = i32x4.splat(0);
  let sub = none;
  let up = none;
  let mean = none;
  let nearest = none;
  for (let i = 0; i < stride; i += 16) {
    const at = row + <usize>i;
    const upper = before + <usize>i;
    const bytes = v128.load(at);
    const above = v128.load(upper);
    let left = v128.load(at - pixelBytes);
    let corner = v128.load(upper - pixelBytes);
    if (i + 16 > stride) {
      // Behind the row's end all neighbours are 0, as the row itself is.
      const inside = i8x16.lt_s(
        i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        i8x16.splat(<i8>(stride - i)),
      );
      left = v128.and(left, inside);
      corner = v128.and(corner, inside);
    }
    // Zeros among zeros, as in transparent areas, add nothing.
    if (!v128.any_true(v128.or(v128.or(bytes, above), v128.or(left, corner)))) continue;
    none = addMagnitudes(none, bytes);
    sub = addMagnitudes(sub, i8x16.sub(bytes, left));
    up = addMagnitudes(up, i8x16.sub(bytes, above));
    mean = addMagnitudes(mean, i8x16.sub(bytes, average(left, above)));
    nearest = addMagnitudes(nearest, i8x16.sub(bytes, paeth(left, above, corner)));
  }
  let best = 0;
  let least = total(none);
  if (total(sub) < least) {
    best = 1;
    least = total(sub);
  }
  if (total(up) < least) {
    best = 2;
    least = total(up);
  }
  if (total(mean) < least) {
    best = 3;
    least = total(mean);
  }
  return total(nearest) < least ? 4 : best;
}

function writeFiltered(filter: i32, row: usize, before: usize, stride: i32, pixelBytes: usize, out: usize): void {
  store<u8>(out, <u8>filter);
  out += 1;
  for (let i = 0; i < stride; i += 16) {
    const at = row + <usize>i;
    const upper = before + <usize>i;
    let predicted = i8x16.splat(0);
    if (filter == 1) predicted = v128.load(at - pixelBytes);
    else if (filter == 2) predicted = v128.load(upper);
    else if (filter == 3) predicted = average(v128.load(at - pixelBytes), v128.load(upper));
    else if (filter == 4) predicted = paeth(v128.load(at - pixelBytes), v128.load(upper), v128.load(upper - pixelBytes));
    v128.store(out + <usize>i, i8x16.sub(v128.load(at), predicted));
  }
}

/** Bytes of scratch memory for rows of `stride` bytes: two rows with zeros around them. */
export function scratchBytes(stride: i32): i32 {
  return 2 * (((stride + 15) & ~15) + 32);
}

/** Starts a picture: the row above the first one is 0. */
export function start(scratch: usize, stride: i32): void {
  memory.fill(scratch, 0, <usize>scratchBytes(stride));
}

/**
 * Filters `count` rows of `stride` bytes. Each gets its filter's number in front. Rows of one picture are filtered in order with
 * the same scratch memory. Writes up to 15 bytes behind the last row.
 */
export function filterRows(rows: usize, count: i32, stride: i32, pixelBytes: i32, scratch: usize, out: usize): void {
  const row = scratch + margin;
  const before = row + <usize>(scratchBytes(stride) / 2);
  for (let y = 0; y < count; y++) {
    memory.copy(row, rows, <usize>stride);
    const filter = chooseFilter(row, before, stride, <usize>pixelBytes);
    writeFiltered(filter, row, before, stride, <usize>pixelBytes, out);
    memory.copy(before, row, <usize>stride);
    rows += <usize>stride;
    out += <usize>(stride + 1);
  }
}

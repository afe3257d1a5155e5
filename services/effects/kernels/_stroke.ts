// Strokes around objects: shapes grown by a disc.
import { placeConstants } from "./_pixels";
import { colorOf, putPixel, putTinted } from "./_tint";

// Columns that are worked on together, so that their rows stay in the cache.
const BLOCK: i32 = 128;

// Values up to this one do not grow; from 3 times this one on they grow fully.
const FAINT: f32 = 0.125;

/**
 * Raises the rows of a grown plane by one row of the plane, limited to 1: to each value of the row itself, and to each value around it plus its distance
 * from the edge of a disc (negative outside), at most 4 * (value - 1 / 8). `from` starts `reach` values before the first one.
 *
 * `disc` has for each distance in rows, from 0 to `reach`: the number of its terms, and so many terms of a distance in columns and a distance from the
 * edge (float), the nearest first. A term is for all columns up to its own. `rows` has for each distance in rows the addresses of the row above and of
 * the row below. `scratch` has (reach + 1) * (128 + 2 * reach + 16) floats.
 */
export function growRow(from: usize, count: i32, reach: i32, disc: usize, rows: usize, scratch: usize): void {
  const stride = <usize>(BLOCK + 2 * reach + 16) << 2;
  for (let first = 0; first < count; first += BLOCK) {
    const at = <usize>first << 2;
    const start = from + at;
    const size = min(BLOCK, count - first);
    const all = size + 2 * reach;
    let least = v128.load32_splat(start);
    let most = least;
    let x = 0;
    for (; x + 4 <= all; x += 4) {
      const values = v128.load(start + (<usize>x << 2));
      least = f32x4.pmin(least, values);
      most = f32x4.pmax(most, values);
    }
    for (; x < all; x++) {
      const value = v128.load32_splat(start + (<usize>x << 2));
      least = f32x4.pmin(least, value);
      most = f32x4.pmax(most, value);
    }
    if (!v128.any_true(f32x4.gt(most, f32x4.splat(0)))) continue;
    raiseTo(start + (<usize>reach << 2), size, load<usize>(rows) + at);
    if (!v128.any_true(f32x4.gt(most, f32x4.splat(FAINT)))) continue;
    if (i32x4.all_true(f32x4.ge(least, f32x4.splat(1)))) raiseEvenly(at, size, reach, disc, rows);
    else {
      widen(start, all, reach, stride, scratch);
      raise(at, size, reach, stride, disc, rows, scratch);
    }
  }
}

/** to[x] = max(to[x], from[x]). */
@inline
function raiseTo(from: usize, count: i32, to: usize): void {
  for (const end = to + (<usize>count << 2); to < end; to += 16, from += 16) {
    v128.store(to, f32x4.pmax(v128.load(to), v128.load(from)));
  }
}

/** Row k of `scratch`: the largest of the values up to k columns away. Its first and last k values are any. */
@inline
function widen(from: usize, count: i32, reach: i32, stride: usize, scratch: usize): void {
  memory.copy(scratch, from, <usize>count << 2);
  for (let k = 1; k <= reach; k++) {
    const narrow = scratch + <usize>(k - 1) * stride;
    const end = narrow + (<usize>(count - k) << 2);
    for (let at = narrow + (<usize>k << 2); at < end; at += 16) {
      const sides = f32x4.pmax(v128.load(at - 4), v128.load(at + 4));
      v128.store(at + stride, f32x4.pmax(sides, v128.load(at)));
    }
  }
}

@inline
function raise(at: usize, count: i32, reach: i32, stride: usize, disc: usize, rows: usize, scratch: usize): void {
  const one = f32x4.splat(1);
  const slope = f32x4.splat(4);
  const faint = f32x4.splat(4 * FAINT);
  for (let down = 0; down <= reach; down++) {
    const above = load<usize>(rows, 0) + at;
    const below = load<usize>(rows, 4) + at;
    const last = disc + 4 + (<usize>load<i32>(disc) << 3);
    for (let x: usize = 0, end = <usize>count << 2; x < end; x += 16) {
      let most = f32x4.splat(0);
      for (let term = disc + 4; term < last; term += 8) {
        const wide = v128.load(scratch + <usize>load<i32>(term) * stride + (<usize>reach << 2) + x);
        const limit = f32x4.sub(f32x4.mul(wide, slope), faint);
        most = f32x4.pmax(most, f32x4.pmin(limit, f32x4.add(wide, v128.load32_splat(term, 4))));
      }
      most = f32x4.pmin(one, most);
      v128.store(above + x, f32x4.pmax(v128.load(above + x), most));
      v128.store(below + x, f32x4.pmax(v128.load(below + x), most));
    }
    disc = last;
    rows += 8;
  }
}

/** The same where all values around are 1. */
@inline
function raiseEvenly(at: usize, count: i32, reach: i32, disc: usize, rows: usize): void {
  for (let down = 0; down <= reach; down++) {
    const above = load<usize>(rows, 0) + at;
    const below = load<usize>(rows, 4) + at;
    const most = f32x4.splat(min<f32>(1, 1 + load<f32>(disc, 8)));
    for (let x: usize = 0, end = <usize>count << 2; x < end; x += 16) {
      v128.store(above + x, f32x4.pmax(v128.load(above + x), most));
      v128.store(below + x, f32x4.pmax(v128.load(below + x), most));
    }
    disc += 4 + (<usize>load<i32>(disc) << 3);
    rows += 8;
  }
}

/** to[x] = 1 - the alpha of a row of four floats for each pixel, after `margin` values of 1 and before as many. */
export function gapPlane(from: usize, count: i32, margin: i32, to: usize): void {
  for (let i = 0; i < margin; i++, to += 4) store<f32>(to, 1);
  for (let x = 0; x < count; x++, from += 16, to += 4) store<f32>(to, 1 - load<f32>(from, 12));
  for (let i = 0; i < margin; i++, to += 4) store<f32>(to, 1);
}

/**
 * A row of four floats for each pixel with a stroke of one linear colour. `grown` is its grown alpha and `gap` its grown gap, 1 - alpha; 0 for the
 * row's own. The stroke covers what lies between 1 - gap and grown. Pixels without a stroke stay as they are. Three `channels` leave alpha out.
 */
export function layStroke(
  from: usize, grown: usize, gap: usize, count: i32, red: f32, green: f32, blue: f32, opacity: f32, channels: i32, to: usize,
): void {
  placeConstants();
  const color = colorOf(red, green, blue);
  const step = <usize>channels << 2;
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 4, from += 16, to += step) {
    const pixel = v128.load(from);
    const alpha = f32x4.extract_lane(pixel, 3);
    const outer: f32 = grown == 0 ? 0 : max<f32>(0, load<f32>(grown + x) - alpha) * opacity;
    const inner: f32 = gap == 0 ? 0 : max<f32>(0, load<f32>(gap + x) - (1 - alpha)) * opacity;
    const added = outer + inner;
    if (added > 0) putTinted(pixel, max<f32>(0, alpha - inner), color, added, alpha + outer, channels, to);
    else putPixel(pixel, channels, to);
  }
}

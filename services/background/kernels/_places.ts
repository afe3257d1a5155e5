/** Bytes of one place: the offset of the left pixel of two, and the right one's share. */
export const placeBytes: usize = 8;

/**
 * Writes where the pixels of a side of `length` lie between the pixels of one of `sourceLength`: bilinear interpolation between
 * pixel centres, the outer ones repeated. Offsets are in units of `pixelBytes`. The right pixel follows the left one, so a row
 * needs a copy of its last pixel behind it.
 */
export function writePlaces(to: usize, length: i32, sourceLength: i32, pixelBytes: i32): void {
  for (let i = 0; i < length; i++) {
    const place = min(
      max(((<f64>i + 0.5) * <f64>sourceLength) / <f64>length - 0.5, 0.0),
      <f64>(sourceLength - 1),
    );
    const left = floor(place);
    const at = to + <usize>i * placeBytes;
    store<i32>(at, <i32>left * pixelBytes);
    store<f32>(at, <f32>(place - left), 4);
  }
}

/** Mixes two rows of `count` vectors into one, with the lower one's share, and repeats the last vector once. */
export function mixRows(upper: usize, lower: usize, share: f32, to: usize, count: i32): void {
  const part = f32x4.splat(share);
  const bytes = <usize>count << 4;
  for (let at: usize = 0; at < bytes; at += 16) {
    const above = v128.load(upper + at);
    v128.store(to + at, f32x4.add(above, f32x4.mul(f32x4.sub(v128.load(lower + at), above), part)));
  }
  v128.store(to + bytes, v128.load(to + bytes - 16));
}

/**
 * Mixes the two rows between which a place lies. Rows of `width` vectors begin at `rows`; the place's offset is the upper one's
 * index.
 */
export function mixRowsAt(place: usize, rows: usize, width: i32, height: i32, to: usize): void {
  const upper = load<i32>(place);
  const lower = min(upper + 1, height - 1);
  mixRows(rows + (<usize>(upper * width) << 4), rows + (<usize>(lower * width) << 4), load<f32>(place, 4), to, width);
}

/** Mixes the two vectors of a mixed row at a place. */
@inline
export function mixAt(row: usize, place: usize): v128 {
  const from = row + <usize>load<i32>(place);
  const left = v128.load(from);
  return f32x4.add(left, f32x4.mul(f32x4.sub(v128.load(from, 16), left), v128.load32_splat(place, 4)));
}

// Conversion of rows between bytes and floats.

/** to[i] = from[i] / 255, as the nearest float. */
export function bytesToFloats(from: usize, count: i32, to: usize): void {
  const full = f32x4.splat(255);
  const end = from + <usize>(count & ~15);
  while (from < end) {
    const bytes = v128.load(from);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    v128.store(to, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)), full), 0);
    v128.store(to, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), full), 16);
    v128.store(to, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), full), 32);
    v128.store(to, f32x4.div(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), full), 48);
    from += 16;
    to += 64;
  }
  for (let i: i32 = 0, rest = count & 15; i < rest; i++) {
    store<f32>(to, <f32>load<u8>(from) / 255);
    from += 1;
    to += 4;
  }
}

// The factor of a sample whose tie shall be rounded up, and 2^52: see `roundedBy`.
const SCALE: f64 = 255 + 255 * 1.1368683772161603e-13;
const WHOLE: f64 = 4503599627370496;

// Where `floatsToBytes` keeps its constants, in the first page of memory, which `allocate` never hands out. Constants in the code are made anew in each
// turn of the loop, which takes longer than the rest of it.
const KEPT: usize = 2048;

/** to[i] = from[i] * 255, rounded half up. Below 0 and NaN become 0, above 1 becomes 255. */
export function floatsToBytes(from: usize, count: i32, to: usize): void {
  v128.store(KEPT, f32x4.splat(1), 0);
  v128.store(KEPT, f64x2.splat(SCALE), 16);
  v128.store(KEPT, f64x2.splat(WHOLE), 32);
  const end = to + <usize>(count & ~15);
  while (to < end) {
    const a = roundedBy(v128.load(from, 0), v128.load(KEPT, 0), v128.load(KEPT, 16), v128.load(KEPT, 32));
    const b = roundedBy(v128.load(from, 16), v128.load(KEPT, 0), v128.load(KEPT, 16), v128.load(KEPT, 32));
    const c = roundedBy(v128.load(from, 32), v128.load(KEPT, 0), v128.load(KEPT, 16), v128.load(KEPT, 32));
    const d = roundedBy(v128.load(from, 48), v128.load(KEPT, 0), v128.load(KEPT, 16), v128.load(KEPT, 32));
    v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    from += 64;
    to += 16;
  }
  for (let i: i32 = 0, rest = count & 15; i < rest; i++) {
    store<u8>(to, byteOf(load<f32>(from)));
    from += 4;
    to += 1;
  }
}

/** One float as a byte: times 255, rounded half up, limited to 0 to 255. */
@inline
export function byteOf(value: f32): u8 {
  const limited: f32 = value > 0 ? (value < 1 ? value : 1) : 0;
  return <u8>integerOf(Math.floor(<f64>limited * 255 + 0.5));
}

/** Four floats, clamped to 0 to 1 and times 255, as integers, rounded half up. */
@inline
export function roundedOf(values: v128): v128 {
  return roundedBy(values, f32x4.splat(1), f64x2.splat(SCALE), f64x2.splat(WHOLE));
}

/**
 * The same with its constants. Added to 2^52, a double has no bits left for a fraction and is rounded to even. A float times 255 is either a tie or
 * farther from one than 2^-33. The scale is 255 (1 + 2^-43), so products are larger by 2^-44 to 2^-35 from a half on, and rounded to 2^-46: ties, and only
 * ties, are rounded up by it.
 */
@inline
function roundedBy(values: v128, one: v128, scale: v128, whole: v128): v128 {
  const clamped = f32x4.pmin(one, f32x4.pmax(f32x4.splat(0), values));
  const upper = v128.shuffle<i64>(clamped, clamped, 1, 1);
  const first = f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(clamped), scale), whole);
  const second = f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(upper), scale), whole);
  return v128.shuffle<i32>(first, second, 0, 2, 4, 6);
}

/** Spreads grey over three channels; the second of two channels is alpha. */
export function greyToRgb(from: usize, channels: i32, count: i32, to: usize): void {
  for (let x = 0; x < count; x++) {
    const grey = load<u8>(from);
    store<u8>(to, grey, 0);
    store<u8>(to, grey, 1);
    store<u8>(to, grey, 2);
    if (channels == 2) store<u8>(to, load<u8>(from, 1), 3);
    from += channels;
    to += channels + 2;
  }
}

/** The integers nearest to two doubles, as the first and third of four 32-bit integers: added to 1.5 * 2^52, they fill the lowest bits. */
@inline
export function integersOf(whole: v128): v128 {
  return f64x2.add(whole, f64x2.splat(6755399441055744));
}

/** The integer of a double that is whole. Without the checks of a conversion. */
@inline
export function integerOf(whole: f64): i32 {
  return <i32>reinterpret<i64>(whole + 6755399441055744);
}

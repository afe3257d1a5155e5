import { integerOf, integersOf } from "./_convert";

// Weighted sums of red, green and blue, and single channels, as planes of doubles (mixes) or floats.

/** to[x] = the sum of the tables' values for the three bytes of a pixel, at most 1. `tables` are three times 256 doubles. */
export function mixBytes(from: usize, channels: i32, count: i32, tables: usize, to: usize): void {
  if (channels == 3) mixBytesOf(from, 3, count, tables, to);
  else mixBytesOf(from, 4, count, tables, to);
}

@inline
function mixBytesOf(from: usize, channels: usize, count: i32, tables: usize, to: usize): void {
  for (let x = 0; x < count; x++) {
    const red = load<f64>(tables + (<usize>load<u8>(from, 0) << 3), 0);
    const green = load<f64>(tables + (<usize>load<u8>(from, 1) << 3), 2048);
    const blue = load<f64>(tables + (<usize>load<u8>(from, 2) << 3), 4096);
    const sum = red + green + blue;
    store<f64>(to, sum < 1 ? sum : 1);
    from += channels;
    to += 8;
  }
}

/** to[x] = red * r + green * g + blue * b, at most 1. */
export function mixFloats(from: usize, channels: i32, count: i32, red: f64, green: f64, blue: f64, to: usize): void {
  for (let x = 0; x < count; x++) {
    const sum = red * <f64>load<f32>(from, 0) + green * <f64>load<f32>(from, 4) + blue * <f64>load<f32>(from, 8);
    store<f64>(to, sum < 1 ? sum : 1);
    from += channels << 2;
    to += 8;
  }
}

/** The same with each sample mapped by a curve of `steps` intervals. */
export function mixCurvedFloats(
  from: usize, channels: i32, count: i32, red: f64, green: f64, blue: f64, table: usize, steps: f64, to: usize,
): void {
  for (let x = 0; x < count; x++) {
    const sum =
      red * valueAt(table, steps, <f64>load<f32>(from, 0)) +
      green * valueAt(table, steps, <f64>load<f32>(from, 4)) +
      blue * valueAt(table, steps, <f64>load<f32>(from, 8));
    store<f64>(to, sum < 1 ? sum : 1);
    from += channels << 2;
    to += 8;
  }
}

/** The samples of all pixels, without alpha, from a table of 256 floats, one pixel after another. */
export function samplesOfBytes(from: usize, channels: i32, count: i32, table: usize, to: usize): void {
  for (let x = 0; x < count; x++) {
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 0) << 2)), 0);
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 1) << 2)), 4);
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 2) << 2)), 8);
    from += channels;
    to += 12;
  }
}

/** The same from floats, mapped by a curve of `steps` intervals; without steps unchanged. */
export function samplesOfFloats(from: usize, channels: i32, count: i32, table: usize, steps: f64, to: usize): void {
  for (let x = 0; x < count; x++) {
    for (let c: usize = 0; c < 12; c += 4) {
      const value = load<f32>(from + c);
      store<f32>(to + c, steps > 0 ? <f32>valueAt(table, steps, <f64>value) : value);
    }
    from += channels << 2;
    to += 12;
  }
}

/** A tabulated curve of `steps` intervals at a value from 0 to 1, interpolated. */
@inline
export function valueAt(table: usize, steps: f64, value: f64): f64 {
  const position = value * steps;
  const whole = Math.floor(position);
  const entry = table + (<usize>integerOf(whole) << 3);
  const left = load<f64>(entry, 0);
  return left + (load<f64>(entry, 8) - left) * (position - whole);
}

/** The same for two doubles; `steps` in both. */
@inline
export function pairAt(table: usize, steps: v128, values: v128): v128 {
  const position = f64x2.mul(values, steps);
  const whole = f64x2.floor(position);
  const index = integersOf(whole);
  const first = v128.load(table + (<usize>i32x4.extract_lane(index, 0) << 3));
  const second = v128.load(table + (<usize>i32x4.extract_lane(index, 2) << 3));
  const left = v128.shuffle<i64>(first, second, 0, 2);
  const right = v128.shuffle<i64>(first, second, 1, 3);
  return f64x2.add(left, f64x2.mul(f64x2.sub(right, left), f64x2.sub(position, whole)));
}

/** The curve at four floats, times `factor` (two doubles), as floats. The values are those of `valueAt` to the last bit. */
@inline
export function valuesAt(table: usize, steps: v128, values: v128, factor: v128): v128 {
  const upper = v128.shuffle<i64>(values, values, 1, 1);
  const low = f64x2.mul(pairAt(table, steps, f64x2.promote_low_f32x4(values)), factor);
  const high = f64x2.mul(pairAt(table, steps, f64x2.promote_low_f32x4(upper)), factor);
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

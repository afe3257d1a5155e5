// Rows of pixels from planes and indices. Colours only: `moveAlpha` writes the alpha of rows of four channels.
import { byteOf } from "./_convert";
import { valueAt } from "./_mix";

/** A row of bytes from one plane of bytes for each colour. */
export function interleaveBytes(red: usize, green: usize, blue: usize, channels: i32, count: i32, to: usize): void {
  let x: usize = 0;
  if (channels == 3) {
    for (const blocks = <usize>(count & ~15); x < blocks; x += 16) {
      const r = v128.load(red + x);
      const g = v128.load(green + x);
      const b = v128.load(blue + x);
      interleaved(r, g, b, to);
      to += 48;
    }
  }
  for (const end = <usize>count; x < end; x++) {
    store<u8>(to, load<u8>(red + x), 0);
    store<u8>(to, load<u8>(green + x), 1);
    store<u8>(to, load<u8>(blue + x), 2);
    to += channels;
  }
}

/** Writes 16 pixels of three channels. */
@inline
export function interleaved(r: v128, g: v128, b: v128, to: usize): void {
  // Each step places two channels; the third is then put between them.
  const first = v128.shuffle<u8>(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const second = v128.shuffle<u8>(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const third = v128.shuffle<u8>(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(to, v128.shuffle<u8>(first, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15), 0);
  v128.store(to, v128.shuffle<u8>(second, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  v128.store(to, v128.shuffle<u8>(third, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}

/** A row of floats from one plane of doubles for each colour. */
export function interleaveFloats(red: usize, green: usize, blue: usize, channels: i32, count: i32, to: usize): void {
  for (let x: usize = 0, end = <usize>count << 3; x < end; x += 8) {
    store<f32>(to, <f32>load<f64>(red + x), 0);
    store<f32>(to, <f32>load<f64>(green + x), 4);
    store<f32>(to, <f32>load<f64>(blue + x), 8);
    to += channels << 2;
  }
}

/** A row from one index for each pixel. The table has four samples of the row's format for each index. */
export function paintIndices(indices: usize, count: i32, table: usize, channels: i32, isFloat: bool, to: usize): void {
  const end = indices + count;
  if (isFloat) {
    for (; indices < end; indices++) {
      const color = table + (<usize>load<u8>(indices) << 4);
      store<f32>(to, load<f32>(color, 0), 0);
      store<f32>(to, load<f32>(color, 4), 4);
      store<f32>(to, load<f32>(color, 8), 8);
      to += channels << 2;
    }
  } else {
    for (; indices < end; indices++) {
      // The fourth byte is alpha, or the next pixel's red: both are written afterwards.
      store<u32>(to, load<u32>(table + (<usize>load<u8>(indices) << 2)));
      to += channels;
    }
  }
}

/** A row from one index for each sample. The table has four samples of the row's format for each index. */
export function paintSamples(indices: usize, count: i32, table: usize, channels: i32, isFloat: bool, to: usize): void {
  for (let x = 0; x < count; x++) {
    for (let c = 0; c < 3; c++) {
      const at = (<usize>load<u8>(indices + c) << 2) + c;
      if (isFloat) store<f32>(to + (c << 2), load<f32>(table + (at << 2)));
      else store<u8>(to + c, load<u8>(table + at));
    }
    indices += 3;
    to += isFloat ? channels << 2 : channels;
  }
}

/** Copies samples of alpha, which are `step` bytes apart, and converts them between bytes and floats. */
export function moveAlpha(
  from: usize, fromStep: i32, fromFloat: bool, count: i32, to: usize, toStep: i32, toFloat: bool,
): void {
  for (let x = 0; x < count; x++) {
    if (fromFloat) {
      const alpha = load<f32>(from);
      if (toFloat) store<f32>(to, alpha);
      else store<u8>(to, byteOf(alpha));
    } else {
      const alpha = load<u8>(from);
      if (toFloat) store<f32>(to, <f32>alpha / 255);
      else store<u8>(to, alpha);
    }
    from += fromStep;
    to += toStep;
  }
}

/** Bytes that are not 0 where the alpha of a row of four channels is above 0. */
export function visibleOf(from: usize, isFloat: bool, count: i32, to: usize): void {
  for (let x: usize = 0, end = <usize>count; x < end; x++) {
    store<u8>(to + x, isFloat ? <u8>(load<f32>(from + (x << 4), 12) > 0) : load<u8>(from + (x << 2), 3));
  }
}

/** Maps the colours of a row of floats: decoded by one curve, times `kept`, and encoded by another. */
export function darken(
  row: usize, channels: i32, count: i32, kept: f64, linear: usize, linearSteps: f64, encoded: usize, encodedSteps: f64,
): void {
  for (let x = 0; x < count; x++) {
    for (let c: usize = 0; c < 12; c += 4) {
      const light = valueAt(linear, linearSteps, <f64>load<f32>(row + c)) * kept;
      store<f32>(row + c, <f32>valueAt(encoded, encodedSteps, light));
    }
    row += channels << 2;
  }
}

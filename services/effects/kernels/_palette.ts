import { integerOf } from "./_convert";

// The colours of a palette, by a grid of 64 steps for each channel.

/**
 * to[x] = the cell of a pixel in the grid, as a 32-bit integer. Four doubles at `shifts`, which repeat, are added to the samples before. As
 * Math.round, halves are rounded up.
 */
export function paletteCells(from: usize, channels: i32, isFloat: bool, count: i32, shifts: usize, to: usize): void {
  for (let x = 0; x < count; x++) {
    const shift = load<f64>(shifts + (<usize>(x & 3) << 3));
    const red = stepOf(from, 0, isFloat, shift);
    const green = stepOf(from, 1, isFloat, shift);
    const blue = stepOf(from, 2, isFloat, shift);
    store<i32>(to, (red << 12) | (green << 6) | blue);
    from += isFloat ? channels << 2 : channels;
    to += 4;
  }
}

@inline
function stepOf(from: usize, channel: usize, isFloat: bool, shift: f64): i32 {
  const sample = isFloat ? load<f32>(from + (channel << 2)) : <f32>load<u8>(from + channel) / 255;
  const shifted = <f64>sample + shift;
  const scaled = (shifted > 0 ? (shifted < 1 ? shifted : 1) : 0) * 63;
  const whole = Math.floor(scaled);
  return integerOf(whole) + <i32>(scaled - whole >= 0.5);
}

/** to[x] = the grid's byte at cell x, from `start` on. Returns the first x whose byte is 255, unknown, or `count`. */
export function lookUp(cells: usize, start: i32, count: i32, grid: usize, to: usize): i32 {
  for (let x = start; x < count; x++) {
    const index = load<u8>(grid + <usize>load<i32>(cells + (<usize>x << 2)));
    if (index == 255) return x;
    store<u8>(to + x, index);
  }
  return count;
}

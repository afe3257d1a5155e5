// A histogram of colours in 32 steps of red and blue, and 64 of green, which weighs most in lightness.

/**
 * Adds the pixels of a row of bytes to their cells, four doubles each: weight, and red, green and blue times it. The weight is alpha, or 255 without
 * alpha. The cell is 5 bits of red, 6 of green, 5 of blue. The sums are whole numbers: no order of the rows changes them.
 */
export function countColors(row: usize, channels: i32, count: i32, cells: usize): void {
  if (channels == 4) addPixels(row, 4, count, cells);
  else addPixels(row, 3, count, cells);
}

@inline
function addPixels(row: usize, channels: usize, count: i32, cells: usize): void {
  for (let x = 0; x < count; x++) {
    const red: u32 = load<u8>(row, 0);
    const green: u32 = load<u8>(row, 1);
    const blue: u32 = load<u8>(row, 2);
    const weight: u32 = channels == 4 ? load<u8>(row, 3) : 255;
    const cell = cells + (<usize>(((red >> 3) << 11) | ((green >> 2) << 5) | (blue >> 3)) << 5);
    store<f64>(cell, load<f64>(cell, 0) + <f64>weight, 0);
    store<f64>(cell, load<f64>(cell, 8) + <f64>(red * weight), 8);
    store<f64>(cell, load<f64>(cell, 16) + <f64>(green * weight), 16);
    store<f64>(cell, load<f64>(cell, 24) + <f64>(blue * weight), 24);
    row += channels;
  }
}

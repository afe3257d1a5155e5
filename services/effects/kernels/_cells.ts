// Coarse pixels: means of square cells in linear light, weighted by alpha.
import { valueAt } from "./_mix";

// A cell without any visible pixel still gets the mean of its colours.
const HIDDEN_WEIGHT: f64 = 1e-30;

/**
 * Adds a row to the sums of its cells, five doubles each: weighted red, green, blue, weight, number of pixels. `table` has the linear light of each
 * byte, or for rows of floats a curve of `steps` intervals.
 */
export function addCells(
  from: usize, channels: i32, isFloat: bool, count: i32, cellPx: i32, table: usize, steps: f64, sums: usize,
): void {
  if (isFloat) add(from, channels, true, count, cellPx, table, steps, sums);
  else if (channels == 3) add(from, 3, false, count, cellPx, table, steps, sums);
  else add(from, 4, false, count, cellPx, table, steps, sums);
}

@inline
function add(from: usize, channels: i32, isFloat: bool, count: i32, cellPx: i32, table: usize, steps: f64, sums: usize): void {
  for (let left = 0; left < count; left += cellPx) {
    const inCell = min(cellPx, count - left);
    let red = load<f64>(sums, 0);
    let green = load<f64>(sums, 8);
    let blue = load<f64>(sums, 16);
    let weights = load<f64>(sums, 24);
    for (let i = 0; i < inCell; i++) {
      if (channels == 3) {
        red += linearAt(from, 0, isFloat, table, steps);
        green += linearAt(from, 1, isFloat, table, steps);
        blue += linearAt(from, 2, isFloat, table, steps);
        weights += 1;
      } else {
        const alpha = isFloat ? load<f32>(from, 12) : <f32>load<u8>(from, 3) / 255;
        const weight = <f64>alpha + HIDDEN_WEIGHT;
        red += weight * linearAt(from, 0, isFloat, table, steps);
        green += weight * linearAt(from, 1, isFloat, table, steps);
        blue += weight * linearAt(from, 2, isFloat, table, steps);
        weights += weight;
      }
      from += isFloat ? channels << 2 : channels;
    }
    store<f64>(sums, red, 0);
    store<f64>(sums, green, 8);
    store<f64>(sums, blue, 16);
    store<f64>(sums, weights, 24);
    store<f64>(sums, load<f64>(sums, 32) + <f64>inCell, 32);
    sums += 40;
  }
}

@inline
function linearAt(from: usize, channel: usize, isFloat: bool, table: usize, steps: f64): f64 {
  if (isFloat) return valueAt(table, steps, <f64>load<f32>(from + (channel << 2)));
  return load<f64>(table + (<usize>load<u8>(from + channel) << 3));
}

/** Writes the means of all cells as a row of floats, encoded by a curve of `steps` intervals, and clears the sums. */
export function takeCells(sums: usize, columns: i32, channels: i32, table: usize, steps: f64, to: usize): void {
  for (let x = 0; x < columns; x++) {
    const weight = load<f64>(sums, 24);
    for (let c: usize = 0; c < 3; c++) {
      const mean = load<f64>(sums + (c << 3)) / weight;
      store<f32>(to + (c << 2), <f32>valueAt(table, steps, mean < 1 ? mean : 1));
    }
    if (channels == 4) {
      const alpha = weight / load<f64>(sums, 32) - HIDDEN_WEIGHT;
      // Sums of hidden weights are rounded. The faintest cell that is visible, one such pixel of 64 × 64, has 1e-6.
      store<f32>(to, alpha > 1e-12 ? <f32>alpha : 0, 12);
    }
    for (let i: usize = 0; i < 40; i += 8) store<f64>(sums + i, 0);
    sums += 40;
    to += channels << 2;
  }
}

/** Writes the colours of a row of cells to all pixels of a row of the same format. */
export function spread(cells: usize, cellPx: i32, channels: i32, isFloat: bool, count: i32, to: usize): void {
  for (let left = 0; left < count; left += cellPx) {
    const inCell = min(cellPx, count - left);
    if (isFloat) {
      const red = load<f32>(cells, 0);
      const green = load<f32>(cells, 4);
      const blue = load<f32>(cells, 8);
      for (let i = 0; i < inCell; i++) {
        store<f32>(to, red, 0);
        store<f32>(to, green, 4);
        store<f32>(to, blue, 8);
        to += channels << 2;
      }
      cells += channels << 2;
    } else {
      const color = load<u32>(cells);
      for (let i = 0; i < inCell; i++) {
        // The fourth byte is alpha, or the next pixel's red: both are written afterwards.
        store<u32>(to, color);
        to += channels;
      }
      cells += channels;
    }
  }
}

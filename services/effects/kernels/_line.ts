// Blur along a line.
import { unitOf } from "./_displace";
import { valueAt } from "./_mix";

/** A padded row: linear light times alpha, and alpha. The outermost pixels are repeated `padPx` times on either side. */
export function padLight(row: usize, channels: i32, count: i32, padPx: i32, table: usize, steps: f64, to: usize): void {
  const step = <usize>channels << 2;
  const begin = to + <usize>padPx * step;
  let at = begin;
  for (let x = 0; x < count; x++) {
    const alpha: f64 = channels == 4 ? <f64>load<f32>(row, 12) : 1;
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 0)) * alpha), 0);
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 4)) * alpha), 4);
    store<f32>(at, <f32>(valueAt(table, steps, <f64>load<f32>(row, 8)) * alpha), 8);
    if (channels == 4) store<f32>(at, <f32>alpha, 12);
    row += step;
    at += step;
  }
  for (let i = 0; i < padPx; i++) {
    memory.copy(to + <usize>i * step, begin, step);
    memory.copy(at + <usize>i * step, at - step, step);
  }
}

/** to[i] = the sum of weights[k] * the float i after the address taps[k]. Sums are written in blocks of 16. */
export function sumTaps(taps: usize, weights: usize, tapCount: i32, count: i32, to: usize): void {
  const size = <usize>tapCount << 2;
  for (let i: usize = 0, end = <usize>count << 2; i < end; i += 64) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let k: usize = 0; k < size; k += 4) {
      const from = <usize>load<u32>(taps + k) + i;
      const weight = v128.load32_splat(weights + k);
      a = f32x4.add(a, f32x4.mul(v128.load(from, 0), weight));
      b = f32x4.add(b, f32x4.mul(v128.load(from, 16), weight));
      c = f32x4.add(c, f32x4.mul(v128.load(from, 32), weight));
      d = f32x4.add(d, f32x4.mul(v128.load(from, 48), weight));
    }
    v128.store(to + i, a, 0);
    v128.store(to + i, b, 16);
    v128.store(to + i, c, 32);
    v128.store(to + i, d, 48);
  }
}

/**
 * to = sums of light, encoded by a curve: divided by `weight`, or by the sum of alpha; the own colour where that is 0. Alpha is the own one.
 */
export function encodeSums(
  sums: usize, weight: f32, own: usize, channels: i32, count: i32, table: usize, steps: f64, to: usize,
): void {
  const step = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    if (channels == 3) {
      for (let c: usize = 0; c < 12; c += 4) {
        store<f32>(to + c, <f32>valueAt(table, steps, unitOf(load<f32>(sums + c) / weight)));
      }
    } else if (load<f32>(sums, 12) > 0) {
      const alpha = load<f32>(sums, 12);
      for (let c: usize = 0; c < 12; c += 4) {
        store<f32>(to + c, <f32>valueAt(table, steps, unitOf(load<f32>(sums + c) / alpha)));
      }
      store<f32>(to, load<f32>(own, 12), 12);
    } else v128.store(to, v128.load(own));
    sums += step;
    own += step;
    to += step;
  }
}

// Blur along a line.
import { valuesAt } from "./_mix";
import { unit } from "./_pixels";

/** A padded row: linear light times alpha, and alpha. The outermost pixels are repeated `padPx` times on either side. */
export function padLight(row: usize, channels: i32, count: i32, padPx: i32, table: usize, steps: f64, to: usize): void {
  const step = <usize>channels << 2;
  const begin = to + <usize>padPx * step;
  const end = begin + <usize>count * step;
  const scale = f64x2.splat(steps);
  if (channels == 3) {
    const one = f64x2.splat(1);
    // Samples past the end may be any. They are written again below, or never read.
    for (let at = begin; at < end; at += 16, row += 16) v128.store(at, valuesAt(table, scale, unit(v128.load(row)), one));
  } else {
    for (let at = begin; at < end; at += 16, row += 16) {
      const pixel = v128.load(row);
      const alpha = f32x4.extract_lane(pixel, 3);
      const light = valuesAt(table, scale, f32x4.replace_lane(pixel, 3, 0), f64x2.splat(<f64>alpha));
      v128.store(at, f32x4.replace_lane(light, 3, alpha));
    }
  }
  for (let i = 0; i < padPx; i++) {
    memory.copy(to + <usize>i * step, begin, step);
    memory.copy(end + <usize>i * step, end - step, step);
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
  const end = to + <usize>(count * channels << 2);
  const scale = f64x2.splat(steps);
  const one = f64x2.splat(1);
  if (channels == 3) {
    const whole = f32x4.splat(weight);
    for (; to < end; to += 16, sums += 16) {
      v128.store(to, valuesAt(table, scale, unit(f32x4.div(v128.load(sums), whole)), one));
    }
    return;
  }
  for (; to < end; to += 16, sums += 16, own += 16) {
    const sum = v128.load(sums);
    const pixel = v128.load(own);
    const alpha = v128.shuffle<i32>(sum, sum, 3, 3, 3, 3);
    if (f32x4.extract_lane(alpha, 0) > 0) {
      const colors = valuesAt(table, scale, unit(f32x4.div(sum, alpha)), one);
      v128.store(to, v128.shuffle<i32>(colors, pixel, 0, 1, 2, 7));
    } else v128.store(to, pixel);
  }
}

// A bilateral filter in OKLab.
import { blueYellowOf, greenRedOf, lightnessOf, longOf, mediumOf, putCones, shortOf } from "./_oklab";
import { alphaOf, blueOf, constant, decoded, greenOf, placeConstants, redOf } from "./_pixels";

/**
 * Planes of OKLab lightness, a, b and, for four channels, alpha, `stride` bytes apart; each with `reach` repeated pixels before and after the
 * row.
 */
export function toLabPlanes(from: usize, channels: i32, count: i32, reach: i32, planes: usize, stride: usize): void {
  placeConstants();
  const margin = <usize>reach << 2;
  let to = planes + margin;
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const l = longOf(r, g, b);
    const m = mediumOf(r, g, b);
    const s = shortOf(r, g, b);
    v128.store(to, lightnessOf(l, m, s));
    v128.store(to + stride, greenRedOf(l, m, s));
    v128.store(to + 2 * stride, blueYellowOf(l, m, s));
    if (channels == 4) v128.store(to + 3 * stride, alphaOf(from));
    from += <usize>channels << 4;
    to += 16;
  }
  const first = planes + margin;
  const last = first + (<usize>(count - 1) << 2);
  for (let c: usize = 0; c < <usize>channels; c++) {
    const shift = c * stride;
    for (let at: usize = 4; at <= margin; at += 4) {
      store<f32>(first + shift - at, load<f32>(first + shift));
      store<f32>(last + shift + at, load<f32>(last + shift));
    }
  }
}

/**
 * A bilateral filter: colours move to the mean of the pixels at `taps`, which are the addresses of a lightness and a weight. A pixel at the
 * distance d in OKLab counts (1 - falloff d²)^8, 0 where that is negative, times its alpha. `here` is the lightness of the row itself; `color`
 * the share of a and b.
 */
export function bilateral(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, color: f32, to: usize,
): void {
  placeConstants();
  if (channels == 3) smooth(taps, tapCount, here, stride, 3, count, falloff, color, to);
  else smooth(taps, tapCount, here, stride, 4, count, falloff, color, to);
}

@inline
function smooth(
  taps: usize, tapCount: i32, here: usize, stride: usize, channels: i32, count: i32, falloff: f32, color: f32, to: usize,
): void {
  const one = constant(20);
  const zero = f32x4.splat(0);
  const slope = f32x4.splat(-falloff);
  const last = taps + (<usize>tapCount << 3);
  const second = stride + stride;
  const third = second + stride;
  for (let x = 0; x < count; x += 4) {
    const at = <usize>x << 2;
    const own = here + at;
    const ownL = v128.load(own);
    const ownA = v128.load(own + stride);
    const ownB = v128.load(own + second);
    const alpha = channels == 4 ? v128.load(own + third) : one;
    let total = alpha;
    let sumL = zero;
    let sumA = zero;
    let sumB = zero;
    for (let tap = taps; tap < last; tap += 8) {
      const near = load<usize>(tap) + at;
      const dL = f32x4.sub(v128.load(near), ownL);
      const dA = f32x4.sub(v128.load(near + stride), ownA);
      const dB = f32x4.sub(v128.load(near + second), ownB);
      const squares = f32x4.add(f32x4.add(f32x4.mul(dL, dL), f32x4.mul(dA, dA)), f32x4.mul(dB, dB));
      const base = f32x4.pmax(zero, f32x4.add(one, f32x4.mul(squares, slope)));
      const power2 = f32x4.mul(base, base);
      const power4 = f32x4.mul(power2, power2);
      let weight = f32x4.mul(f32x4.mul(power4, power4), v128.load32_splat(tap, 4));
      if (channels == 4) weight = f32x4.mul(weight, v128.load(near + third));
      total = f32x4.add(total, weight);
      sumL = f32x4.add(sumL, f32x4.mul(weight, dL));
      sumA = f32x4.add(sumA, f32x4.mul(weight, dA));
      sumB = f32x4.add(sumB, f32x4.mul(weight, dB));
    }
    // All sums are 0 where the total is.
    const scale = f32x4.div(one, f32x4.pmax(f32x4.splat(1e-9), total));
    const share = f32x4.mul(scale, f32x4.splat(color));
    const L = f32x4.add(ownL, f32x4.mul(sumL, scale));
    const A = f32x4.add(ownA, f32x4.mul(sumA, share));
    const B = f32x4.add(ownB, f32x4.mul(sumB, share));
    const l = f32x4.add(L, both(A, B, 0.3963377774, 0.2158037573));
    const m = f32x4.sub(L, both(A, B, 0.1055613458, 0.0638541728));
    const s = f32x4.sub(L, both(A, B, 0.0894841775, 1.291485548));
    putCones(l, m, s, alpha, channels, count - x, to);
    to += <usize>channels << 4;
  }
}

@inline
function both(a: v128, b: v128, forA: f32, forB: f32): v128 {
  return f32x4.add(f32x4.mul(a, f32x4.splat(forA)), f32x4.mul(b, f32x4.splat(forB)));
}

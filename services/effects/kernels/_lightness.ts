// Changes of OKLab lightness.
import { meansAt, putValues } from "./_blur";
import { lightnessOf, longOf, mediumOf, putCones, shortOf } from "./_oklab";
import { alphaOf, blueOf, decoded, greenOf, placeConstants, redOf } from "./_pixels";

/** Planes of l, m, s and, for four channels, alpha, `stride` bytes apart; and the lightness as values to blur. */
export function toCones(from: usize, channels: i32, count: i32, planes: usize, stride: usize, values: usize): void {
  placeConstants();
  if (channels == 3) cones(from, 3, count, planes, stride, values);
  else cones(from, 4, count, planes, stride, values);
}

@inline
function cones(from: usize, channels: i32, count: i32, planes: usize, stride: usize, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    const r = decoded(redOf(from, channels));
    const g = decoded(greenOf(from, channels));
    const b = decoded(blueOf(from, channels));
    const l = longOf(r, g, b);
    const m = mediumOf(r, g, b);
    const s = shortOf(r, g, b);
    const a = channels == 4 ? alphaOf(from) : l;
    v128.store(planes, l);
    v128.store(planes + stride, m);
    v128.store(planes + 2 * stride, s);
    if (channels == 4) v128.store(planes + 3 * stride, a);
    putValues(lightnessOf(l, m, s), a, channels, values);
    from += <usize>channels << 4;
    planes += 16;
    values += channels == 3 ? 16 : 32;
  }
}

/**
 * Colours with another lightness L: d = L - blurred, less by `threshold` and at least 0 in size; the change is
 * amount * d / (1 + damping * d * d) * (1 - mid + mid * 4 L (1 - L)), limited to `limit` either way.
 */
export function changeLightness(
  planes: usize, stride: usize, blurred: usize, channels: i32, count: i32,
  amount: f32, threshold: f32, damping: f32, mid: f32, limit: f32, to: usize,
): void {
  placeConstants();
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const l = v128.load(planes);
    const m = v128.load(planes + stride);
    const s = v128.load(planes + 2 * stride);
    const a = channels == 4 ? v128.load(planes + 3 * stride) : l;
    const lightness = lightnessOf(l, m, s);
    const whole = f32x4.sub(lightness, meansAt(blurred, lightness, channels));
    const bound = f32x4.splat(threshold);
    const excess = f32x4.sub(whole, f32x4.pmin(bound, f32x4.pmax(f32x4.neg(bound), whole)));
    const damped = f32x4.div(excess, f32x4.add(one, f32x4.mul(f32x4.splat(damping), f32x4.mul(excess, excess))));
    const inMiddle = f32x4.mul(f32x4.mul(f32x4.splat(4), lightness), f32x4.pmax(f32x4.splat(0), f32x4.sub(one, lightness)));
    const share = f32x4.add(f32x4.splat(1 - mid), f32x4.mul(f32x4.splat(mid), inMiddle));
    const wanted = f32x4.mul(f32x4.mul(f32x4.splat(amount), share), damped);
    const change = f32x4.pmin(f32x4.splat(limit), f32x4.pmax(f32x4.splat(-limit), wanted));
    putCones(f32x4.add(l, change), f32x4.add(m, change), f32x4.add(s, change), a, channels, count - x, to);
    planes += 16;
    blurred += channels == 3 ? 16 : 32;
    to += <usize>channels << 4;
  }
}

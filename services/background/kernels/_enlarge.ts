import { alphaOne } from "./_guide";
import { plan } from "./_plan";

/** Takes the coarse alpha of rows of working pixels as it is, instead of fitting it: slopes of 0, and alpha as the offset. */
export function enlargeRows(from: i32, to: i32): void {
  const first = <usize>from * <usize>plan.widthPx;
  const last = <usize>to * <usize>plan.widthPx;
  for (let at = first; at < last; at++) {
    const alpha = <f32>load<u16>(plan.guide + (at << 3), 6) / alphaOne;
    v128.store(plan.fitted + (at << 4), f32x4.replace_lane(f32x4.splat(0), 3, alpha));
  }
}

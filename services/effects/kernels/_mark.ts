// Marks that are laid over a picture.
import { alphaOf, blueOf, constant, decoded, encoded, greenOf, placeConstants, putPixels, redOf, unit } from "./_pixels";

/**
 * A row of four floats for each pixel, straight alpha, from a mark of RGBA bytes: at u + x du, v + x dv in its pixels, whose centres lie at halves. R. Keys,
 * "Cubic convolution interpolation for digital image processing" (1981), a = -1/2, on encoded colours times alpha. The mark is transparent outside.
 */
export function sampleMark(
  mark: usize, width: i32, height: i32, u: f64, v: f64, du: f64, dv: f64, count: i32, to: usize,
): void {
  for (let x = 0; x < count; x++, to += 16) {
    const across = u + <f64>x * du - 0.5;
    const down = v + <f64>x * dv - 0.5;
    const left = Math.floor(across);
    const top = Math.floor(down);
    const right = <f32>(across - left);
    const below = <f32>(down - top);
    const firstX = <i32>left - 1;
    const firstY = <i32>top - 1;
    let sum = f32x4.splat(0);
    for (let j = 0; j < 4; j++) {
      const y = firstY + j;
      if (<u32>y >= <u32>height) continue;
      const row = mark + ((<usize>y * <usize>width) << 2);
      let line = f32x4.splat(0);
      for (let i = 0; i < 4; i++) {
        const column = firstX + i;
        if (<u32>column >= <u32>width) continue;
        line = f32x4.add(line, f32x4.mul(premultiplied(row + (<usize>column << 2)), f32x4.splat(weight(i, right))));
      }
      sum = f32x4.add(sum, f32x4.mul(line, f32x4.splat(weight(j, below))));
    }
    const alpha = f32x4.extract_lane(sum, 3);
    const color = alpha > 0 ? unit(f32x4.div(sum, f32x4.splat(alpha))) : f32x4.splat(0);
    v128.store(to, f32x4.replace_lane(color, 3, min<f32>(1, max<f32>(0, alpha))));
  }
}

/** The weight of the pixel before a place (0), the one at or before it (1), and the two after it; `t` is the distance from the second one. */
@inline
function weight(index: i32, t: f32): f32 {
  if (index == 0) return ((2 - t) * t - 1) * t * <f32>0.5;
  if (index == 1) return ((3 * t - 5) * t * t + 2) * <f32>0.5;
  if (index == 2) return ((4 - 3 * t) * t + 1) * t * <f32>0.5;
  return (t - 1) * t * t * <f32>0.5;
}

/** Four bytes as floats; the first three times the fourth. */
@inline
function premultiplied(from: usize): v128 {
  const bytes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
  const pixel = f32x4.div(f32x4.convert_i32x4_s(bytes), f32x4.splat(255));
  const alpha = v128.shuffle<i32>(pixel, pixel, 3, 3, 3, 3);
  return f32x4.mul(pixel, f32x4.replace_lane(alpha, 3, 1));
}

/**
 * Lays a row of four floats for each pixel, times `opacity`, over a row, in linear light: T. Porter and T. Duff, "Compositing digital images" (1984),
 * "over". Pixels that the mark does not cover stay as they are. Three `channels` are opaque.
 */
export function layMark(mark: usize, count: i32, opacity: f32, row: usize, channels: i32): void {
  placeConstants();
  const one = constant(20);
  const step = <usize>channels << 4;
  for (let x = 0; x < count; x += 4, mark += 64, row += step) {
    const added = f32x4.mul(alphaOf(mark), f32x4.splat(opacity));
    const isCovered = f32x4.gt(added, f32x4.splat(0));
    if (!v128.any_true(isCovered)) continue;
    const own = channels == 3 ? one : alphaOf(row);
    const kept = f32x4.mul(own, f32x4.sub(one, added));
    const whole = f32x4.add(added, kept);
    const r = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const g = channels == 3 ? greenOf(row, 3) : greenOf(row, 4);
    const b = channels == 3 ? blueOf(row, 3) : blueOf(row, 4);
    putPixels(
      v128.bitselect(over(redOf(mark, 4), added, r, kept, whole), r, isCovered),
      v128.bitselect(over(greenOf(mark, 4), added, g, kept, whole), g, isCovered),
      v128.bitselect(over(blueOf(mark, 4), added, b, kept, whole), b, isCovered),
      v128.bitselect(unit(whole), own, isCovered), channels, count - x, row,
    );
  }
}

@inline
function over(color: v128, added: v128, own: v128, kept: v128, whole: v128): v128 {
  const light = f32x4.add(f32x4.mul(decoded(color), added), f32x4.mul(decoded(own), kept));
  return encoded(f32x4.div(light, whole));
}

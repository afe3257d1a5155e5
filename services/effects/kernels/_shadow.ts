// Shadows under objects.
import { placeConstants } from "./_pixels";
import { colorOf, putTinted } from "./_tint";

/** Copies the alpha of a row of four floats for each pixel to a plane, after `margin` values of 0 and before as many. */
export function alphaPlane(from: usize, count: i32, margin: i32, to: usize): void {
  const size = <usize>margin << 2;
  memory.fill(to, 0, size);
  to += size;
  for (let x = 0; x < count; x++, from += 16, to += 4) store<f32>(to, load<f32>(from, 12));
  memory.fill(to, 0, size);
}

/**
 * A row of four floats for each pixel over a shadow of one linear colour: T. Porter and T. Duff, "Compositing digital images" (1984), "over". The
 * shadow's alpha is its plane times `opacity`. Pixels that hide the shadow stay as they are.
 */
export function layOverShadow(
  from: usize, shadow: usize, count: i32, red: f32, green: f32, blue: f32, opacity: f32, to: usize,
): void {
  placeConstants();
  const color = colorOf(red, green, blue);
  for (let x = 0; x < count; x++, from += 16, shadow += 4, to += 16) {
    const pixel = v128.load(from);
    const alpha = f32x4.extract_lane(pixel, 3);
    // Blurred values may leave their range by a rounding.
    const added: f32 = min<f32>(1, max<f32>(0, load<f32>(shadow))) * opacity * (1 - alpha);
    if (added > 0) putTinted(pixel, alpha, color, added, alpha + added, 4, to);
    else v128.store(to, pixel);
  }
}

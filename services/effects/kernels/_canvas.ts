// A row of a picture on a canvas.

/** Copies colours of three channels as opaque pixels of four. */
export function addAlpha(from: usize, isFloat: bool, count: i32, to: usize): void {
  if (isFloat) {
    for (let x = 0; x < count; x++) {
      v128.store(to, f32x4.replace_lane(v128.load(from), 3, 1));
      from += 12;
      to += 16;
    }
  } else {
    for (let x = 0; x < count; x++) {
      store<u32>(to, load<u32>(from) | 0xff000000);
      from += 3;
      to += 4;
    }
  }
}

/**
 * Lays a row of four floats for each pixel over one colour, whose `opacity` is above 0: T. Porter and T. Duff, "Compositing digital images" (1984),
 * "over", on encoded values. Exactly the pixel where its alpha is 1. `channels` 3 leaves the alpha of the result out.
 */
export function layOn(
  from: usize, count: i32, red: f32, green: f32, blue: f32, opacity: f32, channels: i32, to: usize,
): void {
  const one = f32x4.splat(1);
  const share = f32x4.splat(opacity);
  const color = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(one, 0, red), 1, green), 2, blue);
  const step = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    const pixel = v128.load(from);
    const alpha = v128.shuffle<i32>(pixel, pixel, 3, 3, 3, 3);
    const rest = f32x4.mul(share, f32x4.sub(one, alpha));
    const whole = f32x4.add(alpha, rest);
    const sum = f32x4.add(f32x4.mul(pixel, alpha), f32x4.mul(color, rest));
    v128.store(to, v128.shuffle<i32>(f32x4.div(sum, whole), whole, 0, 1, 2, 7));
    from += 16;
    to += step;
  }
}

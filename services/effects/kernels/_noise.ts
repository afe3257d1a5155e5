// Noise from a hash of the position.

/** to[x] = the noise at x of a row with this seed, as a float from -1 to 1: the sum of both halves of one hash. */
export function noise(seed: i32, count: i32, to: usize): void {
  let position = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  const full = f64x2.splat(65535);
  const one = f64x2.splat(1);
  for (let x = 0; x < count; x += 4) {
    // C. Wellons' "lowbias32", as `hash32` in src/domain/draw/noise.ts.
    let h = position;
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x21f0aaad));
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0xd35a2d97));
    h = v128.xor(h, i32x4.shr_u(h, 15));
    const sum = i32x4.add(v128.and(h, i32x4.splat(0xffff)), i32x4.shr_u(h, 16));
    const upper = v128.shuffle<i64>(sum, sum, 1, 1);
    const first = f64x2.sub(f64x2.div(f64x2.convert_low_i32x4_s(sum), full), one);
    const second = f64x2.sub(f64x2.div(f64x2.convert_low_i32x4_s(upper), full), one);
    v128.store(to, v128.shuffle<i64>(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(second), 0, 2));
    position = i32x4.add(position, i32x4.splat(4));
    to += 16;
  }
}

/** to[x] = noise between two rows of points that are `sizePx` apart; `down` is the position between the rows. */
export function mixNoise(upper: usize, lower: usize, count: i32, sizePx: i32, down: f64, to: usize): void {
  for (let x = 0; x < count; x++) {
    const column = x / sizePx;
    const right = <f64>x / <f64>sizePx - <f64>column;
    const at = <usize>column << 2;
    const top = mixed(<f64>load<f32>(upper + at, 0), <f64>load<f32>(upper + at, 4), right);
    const bottom = mixed(<f64>load<f32>(lower + at, 0), <f64>load<f32>(lower + at, 4), right);
    store<f32>(to, <f32>mixed(top, bottom, down));
    to += 4;
  }
}

@inline
function mixed(from: f64, to: f64, share: f64): f64 {
  return from + (to - from) * share;
}

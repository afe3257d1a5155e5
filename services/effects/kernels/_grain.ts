// Noise from a hash of the position.

/** C. Wellons' "lowbias32" for four integers, as `hash32` in src/domain/draw/noise.ts. */
@inline
function hashOf(values: v128): v128 {
  let h = values;
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x21f0aaad));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0xd35a2d97));
  return v128.xor(h, i32x4.shr_u(h, 15));
}

/** to[x] = the entry of a table of 8192 floats at the upper 13 bits of the hash of seed + x. */
export function drawn(seed: i32, count: i32, table: usize, to: usize): void {
  let position = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  for (let x = 0; x < count; x += 4) {
    const at = i32x4.shl(i32x4.shr_u(hashOf(position), 19), 2);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 0)), 0);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 1)), 4);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 2)), 8);
    store<f32>(to, load<f32>(table + <usize>i32x4.extract_lane(at, 3)), 12);
    position = i32x4.add(position, i32x4.splat(4));
    to += 16;
  }
}

/** to[x] = -1 where the hash of seed + x is below `bound`, 1 where it is as close to the upper end, else 0. `bound` is at most 2^31. */
export function specks(seed: i32, count: i32, bound: i32, to: usize): void {
  let position = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  const share = i32x4.splat(bound);
  for (let x = 0; x < count; x += 4) {
    const h = hashOf(position);
    const black = v128.and(i32x4.lt_u(h, share), f32x4.splat(-1));
    const white = v128.and(i32x4.lt_u(v128.not(h), share), f32x4.splat(1));
    v128.store(to, v128.or(black, white));
    position = i32x4.add(position, i32x4.splat(4));
    to += 16;
  }
}

/** to[x] = upper[x] * upperWeight + lower[x] * lowerWeight. */
export function mixPlanes(upper: usize, lower: usize, count: i32, upperWeight: f32, lowerWeight: f32, to: usize): void {
  const a = f32x4.splat(upperWeight);
  const b = f32x4.splat(lowerWeight);
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 16) {
    v128.store(to + x, f32x4.add(f32x4.mul(v128.load(upper + x), a), f32x4.mul(v128.load(lower + x), b)));
  }
}

/** to[x] = left[x] * points[places[x]] + right[x] * points[places[x] + 1]. */
export function mixPoints(points: usize, places: usize, left: usize, right: usize, count: i32, to: usize): void {
  for (let x: usize = 0, end = <usize>count << 2; x < end; x += 4) {
    const at = points + (<usize>load<i32>(places + x) << 2);
    store<f32>(to + x, load<f32>(left + x) * load<f32>(at, 0) + load<f32>(right + x) * load<f32>(at, 4));
  }
}

/** to = row + one plane of noise for each colour, limited to 0 to 1. */
export function addNoise(
  row: usize, red: usize, green: usize, blue: usize, channels: i32, count: i32, isGrain: bool, to: usize,
): void {
  if (isGrain) noisyRow(row, red, green, blue, channels, count, true, to);
  else noisyRow(row, red, green, blue, channels, count, false, to);
}

@inline
function noisyRow(
  row: usize, red: usize, green: usize, blue: usize, channels: i32, count: i32, isGrain: bool, to: usize,
): void {
  let x = 0;
  const step = <usize>channels << 4;
  const none = f32x4.splat(0);
  for (; x + 4 <= count; x += 4) {
    const r = v128.load(red);
    const g = v128.load(green);
    const b = v128.load(blue);
    const low = v128.shuffle<i32>(r, g, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(r, g, 2, 6, 3, 7);
    if (channels == 3) {
      noisyAt(row, v128.shuffle<i32>(low, b, 0, 1, 4, 2), isGrain, to);
      noisyAt(row + 16, v128.shuffle<i32>(v128.shuffle<i32>(low, b, 3, 5, 0, 0), high, 0, 1, 4, 5), isGrain, to + 16);
      noisyAt(row + 32, v128.shuffle<i32>(high, b, 6, 2, 3, 7), isGrain, to + 32);
    } else {
      const lowBlue = v128.shuffle<i32>(b, none, 0, 4, 1, 5);
      const highBlue = v128.shuffle<i32>(b, none, 2, 6, 3, 7);
      noisyAt(row, v128.shuffle<i64>(low, lowBlue, 0, 2), isGrain, to);
      noisyAt(row + 16, v128.shuffle<i64>(low, lowBlue, 1, 3), isGrain, to + 16);
      noisyAt(row + 32, v128.shuffle<i64>(high, highBlue, 0, 2), isGrain, to + 32);
      noisyAt(row + 48, v128.shuffle<i64>(high, highBlue, 1, 3), isGrain, to + 48);
    }
    red += 16;
    green += 16;
    blue += 16;
    row += step;
    to += step;
  }
  for (; x < count; x++) {
    store<f32>(to, noisyOf(load<f32>(row), load<f32>(red), isGrain), 0);
    store<f32>(to, noisyOf(load<f32>(row, 4), load<f32>(green), isGrain), 4);
    store<f32>(to, noisyOf(load<f32>(row, 8), load<f32>(blue), isGrain), 8);
    red += 4;
    green += 4;
    blue += 4;
    row += channels << 2;
    to += channels << 2;
  }
}

@inline
function noisyAt(from: usize, noise: v128, isGrain: bool, to: usize): void {
  const value = v128.load(from);
  const added = isGrain ? f32x4.mul(noise, strengths(value)) : noise;
  v128.store(to, f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0), f32x4.add(value, added))));
}

@inline
function strengths(value: v128): v128 {
  const parabola = f32x4.mul(value, f32x4.sub(f32x4.splat(1), value));
  return f32x4.add(f32x4.splat(0.25), f32x4.mul(f32x4.splat(3), parabola));
}

@inline
function noisyOf(value: f32, noise: f32, isGrain: bool): f32 {
  const sum: f32 = value + (isGrain ? noise * (<f32>0.25 + <f32>3 * (value * (<f32>1 - value))) : noise);
  return sum > 0 ? (sum < 1 ? sum : 1) : 0;
}

/** noise[x] *= 0.25 + 3 v (1 - v), where v is the BT.601 luma of a pixel. */
export function grainByLuma(row: usize, channels: i32, count: i32, noise: usize): void {
  for (let x = 0; x < count; x++) {
    const luma: f32 = <f32>0.299 * load<f32>(row, 0) + <f32>0.587 * load<f32>(row, 4) + <f32>0.114 * load<f32>(row, 8);
    store<f32>(noise, load<f32>(noise) * (<f32>0.25 + <f32>3 * (luma * (<f32>1 - luma))));
    row += channels << 2;
    noise += 4;
  }
}

/** to = row with each colour times its factor. */
export function scaleColors(row: usize, red: f32, green: f32, blue: f32, channels: i32, count: i32, to: usize): void {
  const step = <usize>channels << 2;
  for (let x = 0; x < count; x++) {
    store<f32>(to, load<f32>(row, 0) * red, 0);
    store<f32>(to, load<f32>(row, 4) * green, 4);
    store<f32>(to, load<f32>(row, 8) * blue, 8);
    row += step;
    to += step;
  }
}

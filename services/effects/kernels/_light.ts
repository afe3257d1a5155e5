// Luminance and lightness.
import { blueOfCones, cube, greenOfCones, lightnessOf, longOf, mediumOf, redOfCones, shortOf } from "./_oklab";
import { alphaOf, blueOf, constant, decoded, encoded, greenOf, lightOf, luminanceOf, placeConstants, putPixels, redOf, unit } from "./_pixels";

/** to[x] = the luminance of an encoded colour, encoded. */
export function luminance(from: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    v128.store(to, encoded(channels == 3 ? luminanceOf(from, 3) : luminanceOf(from, 4)));
    from += <usize>channels << 4;
    to += 16;
  }
}

/** The same for a row of bytes of three channels, with a table of their linear light. */
export function luminanceOfBytes(from: usize, count: i32, table: usize, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const r = fourOf(from, table);
    const g = fourOf(from + 1, table);
    const b = fourOf(from + 2, table);
    v128.store(to, encoded(lightOf(r, g, b)));
    from += 12;
    to += 16;
  }
}

/** The floats of a table for every third of 12 bytes. */
@inline
function fourOf(from: usize, table: usize): v128 {
  const first = v128.load32_zero(table + (<usize>load<u8>(from, 0) << 2));
  const second = v128.load32_lane(table + (<usize>load<u8>(from, 3) << 2), first, 1);
  const third = v128.load32_lane(table + (<usize>load<u8>(from, 6) << 2), second, 2);
  return v128.load32_lane(table + (<usize>load<u8>(from, 9) << 2), third, 3);
}

/** Planes of linear red, green and blue, `stride` bytes apart, and one of encoded luminance. */
export function toLight(from: usize, channels: i32, count: i32, planes: usize, stride: usize, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const r = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const g = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const b = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    v128.store(planes, r);
    v128.store(planes + stride, g);
    v128.store(planes + 2 * stride, b);
    v128.store(to, encoded(lightOf(r, g, b)));
    from += <usize>channels << 4;
    planes += 16;
    to += 16;
  }
}

/** Mixes linear colours with black or white so that they have the luminance of a plane, and encodes them. Alpha is any. */
export function relight(planes: usize, stride: usize, channels: i32, count: i32, targets: usize, to: usize): void {
  placeConstants();
  const one = constant(20);
  for (let x = 0; x < count; x += 4) {
    const r = v128.load(planes);
    const g = v128.load(planes + stride);
    const b = v128.load(planes + 2 * stride);
    const light = lightOf(r, g, b);
    const target = v128.load(targets);
    const isUp = f32x4.gt(target, light);
    const white = v128.and(f32x4.div(f32x4.sub(target, light), f32x4.sub(one, light)), isUp);
    const kept = f32x4.div(target, f32x4.pmax(f32x4.splat(1e-9), light));
    const scale = v128.bitselect(f32x4.sub(one, white), kept, isUp);
    const red = encoded(f32x4.add(f32x4.mul(r, scale), white));
    const green = encoded(f32x4.add(f32x4.mul(g, scale), white));
    const blue = encoded(f32x4.add(f32x4.mul(b, scale), white));
    putPixels(red, green, blue, one, channels, count - x, to);
    planes += 16;
    targets += 16;
    to += <usize>channels << 4;
  }
}

/** to[x] = the OKLab lightness of an encoded colour. */
export function lightness(from: usize, channels: i32, count: i32, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const red = decoded(channels == 3 ? redOf(from, 3) : redOf(from, 4));
    const green = decoded(channels == 3 ? greenOf(from, 3) : greenOf(from, 4));
    const blue = decoded(channels == 3 ? blueOf(from, 3) : blueOf(from, 4));
    const l = longOf(red, green, blue);
    const m = mediumOf(red, green, blue);
    const s = shortOf(red, green, blue);
    v128.store(to, unit(lightnessOf(l, m, s)));
    from += <usize>channels << 4;
    to += 16;
  }
}

/** The share of the way from grey to a sample outside of 0 to 1 that stays inside, at most 1. */
@inline
function roomOf(grey: v128, away: v128): v128 {
  const room = v128.bitselect(f32x4.sub(f32x4.splat(1), grey), grey, f32x4.gt(away, f32x4.splat(0)));
  return f32x4.div(room, f32x4.pmax(f32x4.splat(1e-9), f32x4.abs(away)));
}

/** Moves the OKLab lightness of encoded colours by `amount` towards its opposite. Colours outside of sRGB move towards their grey until they fit. */
export function invertLightness(from: usize, channels: i32, count: i32, amount: f32, to: usize): void {
  placeConstants();
  if (channels == 3) inverted(from, 3, count, amount, to);
  else inverted(from, 4, count, amount, to);
}

@inline
function inverted(from: usize, channels: i32, count: i32, amount: f32, to: usize): void {
  const one = constant(20);
  for (let x = 0; x < count; x += 4) {
    const red = decoded(redOf(from, channels));
    const green = decoded(greenOf(from, channels));
    const blue = decoded(blueOf(from, channels));
    const long = longOf(red, green, blue);
    const medium = mediumOf(red, green, blue);
    const short = shortOf(red, green, blue);
    const before = unit(lightnessOf(long, medium, short));
    const change = f32x4.mul(f32x4.sub(f32x4.sub(one, before), before), f32x4.splat(amount));
    const grey = cube(unit(f32x4.add(before, change)));
    // Lightness is added to all three cube roots with the factor 1, so they change as it does.
    const l = cube(f32x4.add(long, change));
    const m = cube(f32x4.add(medium, change));
    const s = cube(f32x4.add(short, change));
    const r = f32x4.sub(redOfCones(l, m, s), grey);
    const g = f32x4.sub(greenOfCones(l, m, s), grey);
    const b = f32x4.sub(blueOfCones(l, m, s), grey);
    const share = f32x4.pmin(one, f32x4.pmin(roomOf(grey, r), f32x4.pmin(roomOf(grey, g), roomOf(grey, b))));
    putPixels(
      encoded(f32x4.add(grey, f32x4.mul(r, share))),
      encoded(f32x4.add(grey, f32x4.mul(g, share))),
      encoded(f32x4.add(grey, f32x4.mul(b, share))),
      channels == 4 ? alphaOf(from) : one, channels, count - x, to,
    );
    from += <usize>channels << 4;
    to += <usize>channels << 4;
  }
}

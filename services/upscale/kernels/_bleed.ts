// Colours under transparency. A plane of states has one byte a pixel: 0 without a colour, 1 with one, 2 waiting for one.

/** Writes the states of a row of pixels: 1 where its alpha, the last channel, is not 0. Returns how many are 0. */
export function markRow(pixels: usize, width: i32, channels: i32, states: usize): i32 {
  let hidden = 0;
  for (let x = 0; x < width; x++) {
    const isHidden = load<u8>(pixels + <usize>(channels - 1)) == 0;
    hidden += <i32>isHidden;
    store<u8>(states + <usize>x, isHidden ? 0 : 1);
    pixels += <usize>channels;
  }
  return hidden;
}

/**
 * Appends to `list` the pixels of a row without a colour beside some with one, 4 bytes each: their places in the states. `origin` is the
 * address of the states, `stride` the bytes of a row; there are states that are not 1 around the picture. Returns the list's end.
 */
export function findEdge(origin: usize, row: usize, width: i32, stride: i32, list: usize): usize {
  const one = i8x16.splat(1);
  const up = row - <usize>stride;
  const down = row + <usize>stride;
  for (let x: usize = 0; x < <usize>width; x += 16) {
    const hidden = i8x16.eq(v128.load(row + x), i8x16.splat(0));
    if (!v128.any_true(hidden)) continue;
    const above = v128.or(i8x16.eq(v128.load(up + x - 1), one), v128.or(i8x16.eq(v128.load(up + x), one), i8x16.eq(v128.load(up + x + 1), one)));
    const beside = v128.or(i8x16.eq(v128.load(row + x - 1), one), i8x16.eq(v128.load(row + x + 1), one));
    const below = v128.or(i8x16.eq(v128.load(down + x - 1), one), v128.or(i8x16.eq(v128.load(down + x), one), i8x16.eq(v128.load(down + x + 1), one)));
    let found = i8x16.bitmask(v128.and(hidden, v128.or(above, v128.or(beside, below))));
    while (found != 0) {
      const at = x + <usize>ctz(found);
      found &= found - 1;
      if (at >= <usize>width) break;
      store<u32>(list, <u32>(row + at - origin));
      list += 4;
    }
  }
  return list;
}

/** Sets the states of the pixels of a list. */
export function setStates(origin: usize, list: usize, end: usize, state: i32): void {
  for (; list < end; list += 4) store<u8>(origin + <usize>load<u32>(list), <u8>state);
}

/**
 * Gives the pixels of a list the mean colour of their neighbours that have one, then appends those beside them without a colour, which wait then. `pixels`
 * is the address of the picture, whose rows are `width` pixels. Returns the list's new end.
 */
export function fillLayer(pixels: usize, width: i32, channels: i32, origin: usize, stride: i32, list: usize, end: usize): usize {
  for (let at = list; at < end; at += 4) {
    const place = <i32>load<u32>(at);
    const y = place / stride;
    fillPixel(pixels + <usize>((y * width + (place - y * stride)) * channels), width, channels, origin + <usize>place, stride);
  }
  setStates(origin, list, end, 1);
  let next = end;
  for (let at = list; at < end; at += 4) {
    const state = origin + <usize>load<u32>(at);
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const other = state + <usize>(dy * stride + dx);
        if (load<u8>(other) != 0) continue;
        store<u8>(other, 2);
        store<u32>(next, <u32>(other - origin));
        next += 4;
      }
    }
  }
  return next;
}

@inline
function fillPixel(pixel: usize, width: i32, channels: i32, state: usize, stride: i32): void {
  let sum = i32x4.splat(0);
  let count = 0;
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      if (load<u8>(state + <usize>(dy * stride + dx)) != 1) continue;
      const other = pixel + <usize>((dy * width + dx) * channels);
      sum = i32x4.add(sum, i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(other))));
      count++;
    }
  }
  store<u8>(pixel, <u8>((2 * i32x4.extract_lane(sum, 0) + count) / (2 * count)));
  if (channels == 2) return;
  store<u8>(pixel + 1, <u8>((2 * i32x4.extract_lane(sum, 1) + count) / (2 * count)));
  store<u8>(pixel + 2, <u8>((2 * i32x4.extract_lane(sum, 2) + count) / (2 * count)));
}

// Means of an enlargement over the area of each pixel of its source.

/** Adds `count` rows of bytes, sample by sample, to sums of 16 bits, which are 0 before the first row. */
export function addRows(rows: usize, samples: i32, count: i32, isFirst: bool, sums: usize): void {
  const stride = <usize>samples;
  const pairs = count >> 1;
  for (let at = 0; at < samples; at += 16) {
    let low = isFirst ? i32x4.splat(0) : v128.load(sums, 0);
    let high = isFirst ? i32x4.splat(0) : v128.load(sums, 16);
    let row = rows + <usize>at;
    for (let i = 0; i < pairs; i++) {
      const one = v128.load(row);
      const two = v128.load(row + stride);
      low = i16x8.add(low, i16x8.add(i16x8.extend_low_i8x16_u(one), i16x8.extend_low_i8x16_u(two)));
      high = i16x8.add(high, i16x8.add(i16x8.extend_high_i8x16_u(one), i16x8.extend_high_i8x16_u(two)));
      row += stride << 1;
    }
    if (count & 1) {
      const one = v128.load(row);
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(one));
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(one));
    }
    v128.store(sums, low, 0);
    v128.store(sums, high, 16);
    sums += 32;
  }
}

/** Means of `across` neighbouring sums of 16 bits for each of `width` pixels, divided by `area`. */
export function averageSums(sums: usize, width: i32, across: i32, channels: i32, area: f32, to: usize): void {
  if (across == 4) averageOf(sums, width, 4, channels, area, to);
  else if (across == 2) averageOf(sums, width, 2, channels, area, to);
  else averageOf(sums, width, across, channels, area, to);
}

@inline
function averageOf(sums: usize, width: i32, across: i32, channels: i32, area: f32, to: usize): void {
  const pixel = <usize>(channels << 1);
  for (let x = 0; x < width; x++) {
    let sum = v128.load16x4_u(sums);
    sums += pixel;
    for (let i = 1; i < across; i++) {
      sum = i32x4.add(sum, v128.load16x4_u(sums));
      sums += pixel;
    }
    v128.store(to, f32x4.div(f32x4.convert_i32x4_s(sum), f32x4.splat(area)));
    to += pixel << 1;
  }
}

/** Adds `share` times a row of bytes to sums of floats, which are 0 before the first row. */
export function addShare(row: usize, samples: i32, share: f32, isFirst: bool, sums: usize): void {
  const shares = f32x4.splat(share);
  for (let at = 0; at < samples; at += 4) {
    const bytes = v128.load32_zero(row + <usize>at);
    const values = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
    const part = f32x4.mul(values, shares);
    v128.store(sums, isFirst ? part : f32x4.add(v128.load(sums), part));
    sums += 16;
  }
}

/**
 * Means of the cells along a row of sums of `width` pixels, divided by `area`. `columns` has 8 bytes for each pixel: the index of
 * its cell, and its share there as a float; the rest belongs to the next cell.
 */
export function averageShares(sums: usize, width: i32, columns: usize, channels: i32, area: f32, to: usize): void {
  const pixel = <usize>(channels << 2);
  let cell = 0;
  let sum = f32x4.splat(0);
  let rest = f32x4.splat(0);
  for (let x = 0; x < width; x++) {
    if (load<i32>(columns) != cell) {
      v128.store(to, f32x4.div(sum, f32x4.splat(area)));
      to += pixel;
      cell++;
      sum = rest;
    }
    const values = v128.load(sums);
    const part = f32x4.mul(values, f32x4.splat(load<f32>(columns, 4)));
    sum = f32x4.add(sum, part);
    rest = f32x4.sub(values, part);
    sums += pixel;
    columns += 8;
  }
  v128.store(to, f32x4.div(sum, f32x4.splat(area)));
}

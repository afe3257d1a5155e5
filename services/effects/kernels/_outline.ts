// Outlines: luma under a square box blur, then Sobel's gradient. Rows of luma are floats and have room for a multiple of 16 values.

/** to[x] = the mean of `span` samples. `from` are `count` samples after a margin of span / 2, and with room for one more than that after them. */
export function blurAcross(from: usize, count: i32, span: i32, to: usize): void {
  const radius = span >> 1;
  const begin = from + (<usize>radius << 2);
  for (let i = 0; i < radius; i++) store<f32>(from + (<usize>i << 2), load<f32>(begin));
  const end = begin + (<usize>count << 2);
  const lastSample = load<f32>(end - 4);
  for (let i = 0; i <= radius; i++) store<f32>(end + (<usize>i << 2), lastSample);
  const width = <usize>span << 2;
  let sum: f64 = 0;
  for (let i: usize = 0; i < width; i += 4) sum += <f64>load<f32>(from + i);
  for (let x = 0; x < count; x++) {
    store<f32>(to, <f32>(sum / <f64>span));
    sum += <f64>load<f32>(from + width) - <f64>load<f32>(from);
    from += 4;
    to += 4;
  }
}

/** totals[x] += from[x]. Totals are doubles. */
export function addToTotals(from: usize, count: i32, totals: usize): void {
  for (let x = 0; x < count; x++) {
    store<f64>(totals, load<f64>(totals) + <f64>load<f32>(from));
    from += 4;
    totals += 8;
  }
}

/**
 * Moves the totals down by a row: adds `entering`, subtracts `leaving`, unless they are 0, and writes the means of `span` rows. `to` gets one
 * more sample on either side, as its outermost ones.
 */
export function blurDown(entering: usize, leaving: usize, totals: usize, count: i32, span: i32, to: usize): void {
  const divisor = f64x2.splat(<f64>span);
  for (let x: usize = 0; x < <usize>count; x += 2) {
    let total = v128.load(totals + (x << 3));
    if (entering != 0) {
      total = f64x2.add(total, f64x2.promote_low_f32x4(v128.load64_zero(entering + (x << 2))));
      total = f64x2.sub(total, f64x2.promote_low_f32x4(v128.load64_zero(leaving + (x << 2))));
      v128.store(totals + (x << 3), total);
    }
    v128.store64_lane(to + (x << 2), f32x4.demote_f64x2_zero(f64x2.div(total, divisor)), 0);
  }
  store<f32>(to - 4, load<f32>(to));
  const end = to + (<usize>count << 2);
  store<f32>(end, load<f32>(end - 4));
}

/** values[x] *= weights[x]. */
export function weigh(values: usize, weights: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  while (values < end) {
    v128.store(values, f32x4.mul(v128.load(values), v128.load(weights)));
    values += 16;
    weights += 16;
  }
}

/** to[x] = sums[x] / weights[x], or 0 where the weight is less than what one faint pixel of a window gives: running sums leave rounding errors. */
export function unweigh(sums: usize, weights: usize, count: i32, to: usize): void {
  const least = f32x4.splat(1e-7);
  const end = to + (<usize>count << 2);
  while (to < end) {
    const weight = v128.load(weights);
    const mean = f32x4.div(v128.load(sums), weight);
    v128.store(to, v128.and(mean, f32x4.ge(weight, least)));
    sums += 16;
    weights += 16;
    to += 16;
  }
}

/** to[x] = the length of the gradient, scaled by span / 8. Lengths that are far too small for a line become 0. */
export function gradient(above: usize, here: usize, below: usize, count: i32, span: i32, to: usize): void {
  const scale = f64x2.splat(<f64>span / 8);
  // In floats the sum of squares is within a thousandth near this bound, a line of 0.1.
  const bound = f32x4.splat(<f32>(0.00999 * 64 / <f64>(span * span)));
  const two = f32x4.splat(2);
  const end = to + (<usize>count << 2);
  while (to < end) {
    const aboveLeft = v128.load(above - 4);
    const aboveRight = v128.load(above + 4);
    const belowLeft = v128.load(below - 4);
    const belowRight = v128.load(below + 4);
    const falling = f32x4.sub(belowRight, aboveLeft);
    const rising = f32x4.sub(aboveRight, belowLeft);
    const sideways = f32x4.sub(v128.load(here + 4), v128.load(here - 4));
    const upright = f32x4.sub(v128.load(below), v128.load(above));
    const across = f32x4.add(f32x4.add(falling, rising), f32x4.mul(two, sideways));
    const down = f32x4.add(f32x4.sub(falling, rising), f32x4.mul(two, upright));
    const squares = f32x4.add(f32x4.mul(across, across), f32x4.mul(down, down));
    if (v128.any_true(f32x4.ge(squares, bound))) {
      const low = exact(above, here, below, scale);
      const high = exact(above + 8, here + 8, below + 8, scale);
      v128.store(to, v128.shuffle<i64>(low, high, 0, 2));
    } else v128.store(to, f32x4.splat(0));
    above += 16;
    here += 16;
    below += 16;
    to += 16;
  }
}

@inline
function exact(above: usize, here: usize, below: usize, scale: v128): v128 {
  const two = f64x2.splat(2);
  const falling = f64x2.sub(pairAt(below + 4), pairAt(above - 4));
  const rising = f64x2.sub(pairAt(above + 4), pairAt(below - 4));
  const sideways = f64x2.sub(pairAt(here + 4), pairAt(here - 4));
  const upright = f64x2.sub(pairAt(below), pairAt(above));
  const across = f64x2.add(f64x2.add(falling, rising), f64x2.mul(two, sideways));
  const down = f64x2.add(f64x2.sub(falling, rising), f64x2.mul(two, upright));
  const length = f64x2.sqrt(f64x2.add(f64x2.mul(across, across), f64x2.mul(down, down)));
  return f32x4.demote_f64x2_zero(f64x2.mul(length, scale));
}

@inline
function pairAt(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

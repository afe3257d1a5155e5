// A pencil drawing. Its rows between two passes have the grey, the blurred grey and the shade as red, green and blue.
import { meansAt, putValues } from "./_blur";
import { alphaOf, blueOf, encoded, greenOf, luminanceOf, placeConstants, putPixels, redOf, unit } from "./_pixels";

/** The grey of a row: its luminance (BT.709), encoded. `values` are the greys to blur, as those of `toCones`; the row's alpha is kept in `to`. */
export function toGreys(from: usize, channels: i32, count: i32, values: usize, to: usize): void {
  placeConstants();
  for (let x = 0; x < count; x += 4) {
    const a = channels == 3 ? f32x4.splat(1) : alphaOf(from);
    const grey = encoded(channels == 3 ? luminanceOf(from, 3) : luminanceOf(from, 4));
    putValues(grey, a, channels, values);
    putPixels(grey, grey, grey, a, channels, count - x, to);
    from += <usize>channels << 4;
    to += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** Greens of a row from the means of its greys. -1 where hardly anything around is visible: sums are not exact enough for an alpha below 1e-4. */
export function setMeans(row: usize, blurred: usize, channels: i32, count: i32, to: usize): void {
  const one = f32x4.splat(1);
  for (let x = 0; x < count; x += 4) {
    const grey = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const a = channels == 3 ? one : alphaOf(row);
    let mean = unit(meansAt(blurred, one, channels));
    if (channels == 4) {
      const alphas = v128.shuffle<i32>(v128.load(blurred), v128.load(blurred, 16), 1, 3, 5, 7);
      const sums = v128.shuffle<i32>(v128.load(blurred), v128.load(blurred, 16), 0, 2, 4, 6);
      const least = f32x4.splat(1e-4);
      mean = unit(f32x4.div(sums, f32x4.pmax(least, alphas)));
      mean = v128.bitselect(f32x4.splat(-1), mean, f32x4.lt(alphas, least));
    }
    putPixels(grey, mean, one, a, channels, count - x, to);
    row += <usize>channels << 4;
    to += <usize>channels << 4;
    blurred += channels == 3 ? 16 : 32;
  }
}

/** The reds of a row as values to blur. */
export function redValues(row: usize, channels: i32, count: i32, values: usize): void {
  for (let x = 0; x < count; x += 4) {
    if (channels == 3) putValues(redOf(row, 3), f32x4.splat(1), 3, values);
    else putValues(redOf(row, 4), alphaOf(row), 4, values);
    row += <usize>channels << 4;
    values += channels == 3 ? 16 : 32;
  }
}

/** Blues of a row: colour dodge of the grey by the inverted means: grey / mean, at most 1. */
export function setShades(row: usize, blurred: usize, channels: i32, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 4) {
    const grey = channels == 3 ? redOf(row, 3) : redOf(row, 4);
    const green = channels == 3 ? greenOf(row, 3) : greenOf(row, 4);
    const a = channels == 3 ? f32x4.splat(1) : alphaOf(row);
    const mean = meansAt(blurred, grey, channels);
    // Black is divided by a little more than 0 and stays bright where all around is black.
    const floor = f32x4.splat(<f32>(1.0 / 255.0));
    const shade = unit(f32x4.div(f32x4.add(grey, floor), f32x4.add(mean, floor)));
    putPixels(grey, green, shade, a, channels, count - x, to);
    row += <usize>channels << 4;
    to += <usize>channels << 4;
    blurred += channels == 3 ? 16 : 32;
  }
}

/** The greens of a row as a plane of floats with one more on either side. `to` is the place of the first pixel. */
export function greenPlane(row: usize, channels: i32, count: i32, to: usize): void {
  const first = to;
  for (let x = 0; x < count; x += 4) {
    v128.store(to, channels == 3 ? greenOf(row, 3) : greenOf(row, 4));
    row += <usize>channels << 4;
    to += 16;
  }
  store<f32>(first - 4, load<f32>(first));
  const last = first + (<usize>(count - 1) << 2);
  store<f32>(last + 4, load<f32>(last));
}

/**
 * Paints a row of paper and pencil (three floats each). The pencil covers 1 - (1 - line) (1 - shading (1 - shade)), where line is the gradient of
 * three planes of greens (H. Scharr's weights 3, 10, 3 over 32) times `strength`, at most 1. Greens below 0 are those of the middle.
 */
export function drawPencil(
  above: usize, here: usize, below: usize, row: usize, channels: i32, count: i32,
  strength: f32, shading: f32, paper: usize, pencil: usize, to: usize,
): void {
  const one = f32x4.splat(1);
  const three = f32x4.splat(<f32>(3.0 / 32.0));
  const ten = f32x4.splat(<f32>(10.0 / 32.0));
  for (let x = 0; x < count; x += 4) {
    const middle = v128.load(here);
    const aboveLeft = knownOr(middle, v128.load(above - 4));
    const aboveRight = knownOr(middle, v128.load(above + 4));
    const belowLeft = knownOr(middle, v128.load(below - 4));
    const belowRight = knownOr(middle, v128.load(below + 4));
    const falling = f32x4.sub(belowRight, aboveLeft);
    const rising = f32x4.sub(aboveRight, belowLeft);
    const sideways = f32x4.sub(knownOr(middle, v128.load(here + 4)), knownOr(middle, v128.load(here - 4)));
    const upright = f32x4.sub(knownOr(middle, v128.load(below)), knownOr(middle, v128.load(above)));
    const across = f32x4.add(f32x4.mul(three, f32x4.add(falling, rising)), f32x4.mul(ten, sideways));
    const down = f32x4.add(f32x4.mul(three, f32x4.sub(falling, rising)), f32x4.mul(ten, upright));
    const slope = f32x4.sqrt(f32x4.add(f32x4.mul(across, across), f32x4.mul(down, down)));
    const line = f32x4.pmin(one, f32x4.mul(f32x4.splat(strength), slope));
    const shade = channels == 3 ? blueOf(row, 3) : blueOf(row, 4);
    const a = channels == 3 ? one : alphaOf(row);
    const light = f32x4.sub(one, f32x4.mul(f32x4.splat(shading), f32x4.sub(one, shade)));
    const bare = f32x4.mul(f32x4.sub(one, line), light);
    const r = inked(bare, load<f32>(paper), load<f32>(pencil));
    const g = inked(bare, load<f32>(paper, 4), load<f32>(pencil, 4));
    const b = inked(bare, load<f32>(paper, 8), load<f32>(pencil, 8));
    putPixels(r, g, b, a, channels, count - x, to);
    above += 16;
    here += 16;
    below += 16;
    row += <usize>channels << 4;
    to += <usize>channels << 4;
  }
}

@inline
function knownOr(other: v128, value: v128): v128 {
  return v128.bitselect(other, value, f32x4.lt(value, f32x4.splat(0)));
}

@inline
function inked(bare: v128, paper: f32, pencil: f32): v128 {
  return unit(f32x4.add(f32x4.splat(pencil), f32x4.mul(bare, f32x4.splat(paper - pencil))));
}

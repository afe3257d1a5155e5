import type { Tile } from "@pixelmesh/inference";

/** Creates a smooth picture, which an upscaler hardly changes. */
export function smoothPicture(sidePx: number): Tile {
  return fill(sidePx, (x, y, channel) => {
    const wave = Math.sin((x * (1 + channel)) / 9) * Math.cos(y / (7 + channel));
    return 128 + 60 * wave + 50 * ((x + y) / sidePx - 1);
  });
}

/** Creates white noise. If `harsh`, it is black and white only, which makes the weakest tap of a network visible. */
export function noisePicture(sidePx: number, seed: number, harsh: boolean): Tile {
  let state = seed;
  return fill(sidePx, () => {
    // The linear congruential generator of Numerical Recipes; its upper bits are random enough.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const value = state >>> 24;
    return harsh ? (value > 127 ? 255 : 0) : value;
  });
}

/** Cuts the square of a picture that begins at `from` in both directions. */
export function cutSquare({ widthPx, channels, data }: Tile, from: number, sidePx: number): Tile {
  const square = new Uint8Array(sidePx * sidePx * channels);
  const stride = sidePx * channels;
  for (let y = 0; y < sidePx; y++) {
    const at = ((from + y) * widthPx + from) * channels;
    square.set(data.subarray(at, at + stride), y * stride);
  }
  return { widthPx: sidePx, heightPx: sidePx, channels, data: square };
}

/** Compares an enlarged picture, reduced again by averaging, with the small one: PSNR in dB over all channels. */
export function resemblanceDb(small: Tile, large: Tile, scale: number): number {
  let squares = 0;
  for (let i = 0; i < small.data.length; i++) {
    const channel = i % small.channels;
    const x = Math.floor(i / small.channels) % small.widthPx;
    const y = Math.floor(i / small.channels / small.widthPx);
    squares += (meanOf(large, x * scale, y * scale, scale, channel) - (small.data[i] as number)) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / Math.max(squares / small.data.length, 1e-4));
}

function meanOf({ widthPx, channels, data }: Tile, left: number, top: number, side: number, channel: number): number {
  let sum = 0;
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) sum += data[(y * widthPx + x) * channels + channel] as number;
  }
  return sum / side ** 2;
}

function fill(sidePx: number, sample: (x: number, y: number, channel: number) => number): Tile {
  const data = new Uint8Array(sidePx * sidePx * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    data[i] = Math.min(255, Math.max(0, Math.round(sample(pixel % sidePx, Math.floor(pixel / sidePx), i % 3))));
  }
  return { widthPx: sidePx, heightPx: sidePx, channels: 3, data };
}

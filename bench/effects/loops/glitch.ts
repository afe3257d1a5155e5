import { hash32 } from "../../../services/effects/src/domain/draw/noise.ts";
import { hashOfRow, seedOf } from "../../../services/effects/src/domain/glitch/grains.ts";
import { lineTaps, wayOf } from "../../../services/effects/src/domain/glitch/line.ts";
import { normalTable } from "../../../services/effects/src/domain/glitch/normal.ts";
import { type Loop, lightOfByte, type Picture, resultBytes, resultCopy, toByte, toLight } from "../picture.ts";

const seeds = [0, 1, 2].map((channel) => seedOf(0, channel));

/** Noise of the seed 0 for each sample: `change` gets the byte and 32 random bits. */
function noiseLoop(change: (byte: number, random: number) => number): Loop {
  return ({ widthPx, heightPx, data }) => {
    const out = new Uint8ClampedArray(resultBytes(data.length).buffer);
    for (let y = 0, i = 0; y < heightPx; y++) {
      const [red, green, blue] = seeds.map((seed) => hashOfRow(seed, y)) as [number, number, number];
      for (let x = 0; x < widthPx; x++, i += 3) {
        out[i] = change(data[i] as number, hash32(x + red));
        out[i + 1] = change(data[i + 1] as number, hash32(x + green));
        out[i + 2] = change(data[i + 2] as number, hash32(x + blue));
      }
    }
    return new Uint8Array(out.buffer);
  };
}

/** Noise of a normal distribution, in full or strongest in mid-tones. */
export function normalNoiseLoop(share: number, isFilm: boolean): Loop {
  const table = normalTable((share / 2) * 255);
  if (!isFilm) return noiseLoop((byte, random) => byte + (table[random >>> 19] as number));
  const strengths = Float32Array.from({ length: 256 }, (_, byte) => 0.25 + 3 * (byte / 255) * (1 - byte / 255));
  return noiseLoop((byte, random) => byte + (strengths[byte] as number) * (table[random >>> 19] as number));
}

/** Stray black and white samples. */
export function speckLoop(share: number): Loop {
  const bound = Math.round(share * 2 ** 31);
  return noiseLoop((byte, random) => (random < bound ? 0 : random >= 2 ** 32 - bound ? 255 : byte));
}

/** Darkens every second row. */
export function scanLineLoop(share: number): Loop {
  return ({ widthPx, heightPx, data }) => {
    const out = resultCopy(data);
    for (let y = 1; y < heightPx; y += 2) {
      const factors = seeds.map((seed) => 1 - share * (0.5 + hashOfRow(seed, y) / 2 ** 33)) as [number, number, number];
      for (let i = y * widthPx * 3, end = i + widthPx * 3; i < end; i += 3) {
        out[i] = (data[i] as number) * factors[0] + 0.5;
        out[i + 1] = (data[i + 1] as number) * factors[1] + 0.5;
        out[i + 2] = (data[i + 2] as number) * factors[2] + 0.5;
      }
    }
    return out;
  };
}

/** Copies a channel of a row, `right` px to the right; edges are repeated. */
function moveChannel(data: Uint8Array, row: number, widthPx: number, channel: number, right: number, out: Uint8Array) {
  for (let x = 0; x < widthPx; x++) {
    const from = Math.min(widthPx - 1, Math.max(0, x - right));
    out[row + 3 * x + channel] = data[row + 3 * from + channel] as number;
  }
}

/** Red to the right and blue to the left by whole pixels. */
export function splitLoop(shiftPx: number): Loop {
  return ({ widthPx, heightPx, data }) => {
    const out = resultCopy(data);
    for (let y = 0; y < heightPx; y++) {
      moveChannel(data, y * widthPx * 3, widthPx, 0, shiftPx, out);
      moveChannel(data, y * widthPx * 3, widthPx, 2, -shiftPx, out);
    }
    return out;
  };
}

/** The same in any direction, interpolated in linear light. */
export function turnedSplitLoop(shiftPx: number, angleDegrees: number): Loop {
  const { right, down } = wayOf(shiftPx, angleDegrees);
  return (picture) => {
    const out = resultCopy(picture.data);
    moveLight(picture, 0, -right, -down, out);
    moveLight(picture, 2, right, down, out);
    return out;
  };
}

function moveLight(
  { widthPx, heightPx, data }: Picture,
  channel: number,
  across: number,
  along: number,
  out: Uint8Array,
) {
  const [column, line] = [Math.floor(across), Math.floor(along)];
  const [toRight, toDown] = [across - column, along - line];
  const insideX = (x: number) => (x < 0 ? 0 : x < widthPx ? x : widthPx - 1);
  const insideY = (y: number) => (y < 0 ? 0 : y < heightPx ? y : heightPx - 1);
  for (let y = 0, i = channel; y < heightPx; y++) {
    const upper = insideY(y + line) * widthPx;
    const lower = insideY(y + line + 1) * widthPx;
    for (let x = 0; x < widthPx; x++, i += 3) {
      const [left, right] = [insideX(x + column), insideX(x + column + 1)];
      const at = (pixel: number) => lightOfByte[data[3 * pixel + channel] as number] as number;
      const top = at(upper + left) * (1 - toRight) + at(upper + right) * toRight;
      const bottom = at(lower + left) * (1 - toRight) + at(lower + right) * toRight;
      out[i] = toByte(top * (1 - toDown) + bottom * toDown);
    }
  }
}

/** The effect shake at its defaults. */
export const shakeLoop: Loop = ({ widthPx, heightPx, data }) => {
  const out = resultCopy(data);
  const [startSeed, moveSeed, commonSeed, ...own] = Array.from({ length: 6 }, (_, i) => seedOf(0, i)) as [
    number,
    number,
    number,
    ...number[],
  ];
  const share = (seed: number, band: number) => hashOfRow(seed, band) / 2 ** 32;
  for (let band = -1, y = 0; y < heightPx; band++) {
    const end = Math.min(heightPx, Math.ceil((band + 1 + share(startSeed, band + 1) - 0.5) * 16 - 0.5));
    const isMoving = share(moveSeed, band) < 0.6;
    const common = 2 * share(commonSeed, band) - 1;
    const offsets = own.map((seed) => Math.round(24 * (common + (2 * share(seed, band) - 1 - common) * 0.2)));
    for (; y < end; y++)
      if (isMoving)
        for (let c = 0; c < 3; c++) moveChannel(data, y * widthPx * 3, widthPx, c, offsets[c] as number, out);
  }
  return out;
};

/** The mean along a line, in linear light. */
export function motionLoop(lengthPx: number, angleDegrees: number): Loop {
  const taps = lineTaps(lengthPx, angleDegrees);
  return (picture) => {
    const { widthPx, heightPx, data } = picture;
    const light = toLight(picture);
    const out = resultBytes(data.length);
    const sums = new Float32Array(widthPx * 3);
    const last = widthPx - 1;
    for (let y = 0; y < heightPx; y++) {
      sums.fill(0);
      for (const { right, down, weight } of taps) {
        const row = Math.min(heightPx - 1, Math.max(0, y + down)) * widthPx;
        for (let x = 0, to = 0; x < widthPx; x++, to += 3) {
          const from = 3 * (row + (x + right < 0 ? 0 : Math.min(x + right, last)));
          sums[to] = (sums[to] as number) + weight * (light[from] as number);
          sums[to + 1] = (sums[to + 1] as number) + weight * (light[from + 1] as number);
          sums[to + 2] = (sums[to + 2] as number) + weight * (light[from + 2] as number);
        }
      }
      for (let i = 0, to = y * widthPx * 3; i < sums.length; i++, to++) out[to] = toByte(sums[i] as number);
    }
    return out;
  };
}

/** The effect pixel_sort at its defaults: runs of mid-tones of each row, sorted by luma. */
export const pixelSortLoop: Loop = ({ widthPx, heightPx, data }) => {
  const out = resultCopy(data);
  const keys = new Float64Array(widthPx);
  const [low, high] = [Math.round(0.25 * 65_535), Math.round(0.8 * 65_535)];
  for (let y = 0; y < heightPx; y++) {
    const row = y * widthPx * 3;
    for (let x = 0, i = row; x < widthPx; x++, i += 3) {
      const luma = 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number);
      const key = Math.round((luma / 255) * 65_535);
      // The place keeps the order of equal keys.
      keys[x] = key >= low && key <= high ? key * widthPx + x : -1;
    }
    for (let x = 0; x < widthPx; x++) {
      let end = x;
      while (end < widthPx && (keys[end] as number) >= 0) end++;
      const run = keys.subarray(x, end).sort();
      for (let k = 0, to = row + 3 * x; k < run.length; k++, to += 3) {
        const from = row + 3 * ((run[k] as number) % widthPx);
        out[to] = data[from] as number;
        out[to + 1] = data[from + 1] as number;
        out[to + 2] = data[from + 2] as number;
      }
      x = end;
    }
  }
  return out;
};

import { type Rgb, toEncoded, toLinear } from "../../../services/effects/src/domain/color/color.ts";
import {
  curveAt,
  encodedCurve,
  lightnessCurve,
  linearCurve,
} from "../../../services/effects/src/domain/color/curve.ts";
import { createBayerMap } from "../../../services/effects/src/domain/dither/thresholds.ts";
import { boundSteps, dotBounds } from "../../../services/effects/src/domain/draw/dot-screen.ts";
import { createHalftoneScreen } from "../../../services/effects/src/domain/draw/halftone.ts";
import { createInks } from "../../../services/effects/src/domain/draw/ink-ramps.ts";
import { asLight, createPattern, readPalette } from "../../../services/effects/test/reference/palette-match.ts";
import { type Loop, lightOfByte, type Picture, resultBytes, toByte, toLuminance } from "../picture.ts";

/** Linear light of each byte in doubles, from the curve of our effects: with error diffusion, another last bit becomes another pattern of dots. */
const exactLight = Float64Array.from({ length: 256 }, (_, byte) => curveAt(linearCurve, Math.fround(byte / 255)));

function toExactTones({ data }: Picture, planes: 1 | 3): Float32Array {
  const tones = new Float32Array((data.length / 3) * planes);
  if (planes === 3) {
    for (let i = 0; i < data.length; i++) tones[i] = exactLight[data[i] as number] as number;
    return tones;
  }
  for (let x = 0, i = 0; i < data.length; x++, i += 3) {
    tones[x] =
      0.2126 * (exactLight[data[i] as number] as number) +
      0.7152 * (exactLight[data[i + 1] as number] as number) +
      0.0722 * (exactLight[data[i + 2] as number] as number);
  }
  return tones;
}

/** Error diffusion to two tones by Floyd and Steinberg, every other row from right to left, in linear light: of luminance, or of each channel. */
export function diffusionLoop(planes: 1 | 3): Loop {
  return (picture) => {
    const { widthPx, heightPx, data } = picture;
    const tones = toExactTones(picture, planes);
    const out = resultBytes(data.length);
    const stride = widthPx * planes;
    let owed = new Float64Array(stride + 2 * planes);
    let next = new Float64Array(stride + 2 * planes);
    for (let y = 0; y < heightPx; y++) {
      const step = y % 2 === 0 ? planes : -planes;
      for (let n = 0; n < widthPx; n++)
        for (let c = 0; c < planes; c++) {
          const i = (y % 2 === 0 ? n : widthPx - 1 - n) * planes + c;
          const at = i + planes;
          const wanted = (tones[y * stride + i] as number) + (owed[at] as number);
          const isLight = wanted >= 0.5;
          const error = isLight ? wanted - 1 : wanted;
          owed[at + step] = (owed[at + step] as number) + error * (7 / 16);
          next[at - step] = (next[at - step] as number) + error * (3 / 16);
          next[at] = (next[at] as number) + error * (5 / 16);
          next[at + step] = (next[at + step] as number) + error * (1 / 16);
          if (!isLight) continue;
          if (planes === 3) out[y * stride + i] = 255;
          else out.fill(255, 3 * (y * widthPx + i), 3 * (y * widthPx + i) + 3);
        }
      [owed, next] = [next, owed];
      next.fill(0);
    }
    return out;
  };
}

/** Two tones of luminance by Bayer's 8 × 8 matrix. */
export const bayerLoop: Loop = (picture) => {
  const { widthPx, heightPx } = picture;
  const { thresholds } = createBayerMap(8);
  const plane = toLuminance(picture);
  const out = resultBytes(picture.data.length);
  for (let y = 0, x = 0, i = 0; y < heightPx; y++)
    for (let column = 0; column < widthPx; column++, x++, i += 3)
      if ((plane[x] as number) >= (thresholds[(y & 7) * 8 + (column & 7)] as number)) out.fill(255, i, i + 3);
  return out;
};

/** Replaces a plane of tones by the shares that round dots cover. */
function screenDots({ widthPx, heightPx }: Picture, plane: Float32Array, cellPx: number, angleDegrees: number): void {
  const bounds = dotBounds("round", cellPx);
  const angle = (angleDegrees * Math.PI) / 180;
  const [right, down] = [Math.cos(angle) / cellPx, Math.sin(angle) / cellPx];
  const turn = 2 * Math.PI;
  const flat = Math.min(4, (Math.PI / cellPx) ** 2);
  for (let y = 0, i = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++, i++) {
      const across = Math.cos(turn * ((x + 0.5) * right + (y + 0.5) * down));
      const along = Math.cos(turn * ((y + 0.5) * right - (x + 0.5) * down));
      const height = (across + along) / 2;
      const slope = (Math.PI / cellPx) * Math.sqrt(Math.max(0, 2 - across * across - along * along));
      const bound = bounds[((plane[i] as number) * boundSteps + 0.5) | 0] as number;
      plane[i] = Math.min(1, Math.max(0, (height - bound) / Math.max(slope, flat) + 0.5));
    }
}

/** One ink on white paper, in round dots. */
export function halftoneLoop(ink: Rgb, cellPx: number, angleDegrees: number): Loop {
  const steps = 4_096;
  const table = Uint8Array.from({ length: 3 * (steps + 1) }, (_, i) => {
    const share = Math.floor(i / 3) / steps;
    return Math.round(255 * toEncoded(1 - share + toLinear(ink[i % 3] as number) * share));
  });
  return (picture) => {
    const plane = toLuminance(picture);
    for (let x = 0; x < plane.length; x++) plane[x] = Math.max(0, 1 - (plane[x] as number));
    screenDots(picture, plane, cellPx, angleDegrees);
    const out = resultBytes(picture.data.length);
    for (let x = 0, i = 0; x < plane.length; x++, i += 3) {
      const at = 3 * (((plane[x] as number) * steps + 0.5) | 0);
      out[i] = table[at] as number;
      out[i + 1] = table[at + 1] as number;
      out[i + 2] = table[at + 2] as number;
    }
    return out;
  };
}

/** Cyan, magenta, yellow and black in round dots at 15, 75, 0 and 45 degrees. */
export function processLoop(cellPx: number, black: number): Loop {
  return (picture) => {
    const { data } = picture;
    const pixels = data.length / 3;
    const inks = [15, 75, 0, 45].map((angle) => ({ angle, plane: new Float32Array(pixels) }));
    const [cyan, magenta, yellow, key] = inks.map(({ plane }) => plane) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    for (let x = 0, i = 0; x < pixels; x++, i += 3) {
      const c = 1 - (lightOfByte[data[i] as number] as number);
      const m = 1 - (lightOfByte[data[i + 1] as number] as number);
      const y = 1 - (lightOfByte[data[i + 2] as number] as number);
      const k = black * Math.min(c, m, y);
      const scale = k < 1 ? 1 / (1 - k) : 0;
      cyan[x] = (c - k) * scale;
      magenta[x] = (m - k) * scale;
      yellow[x] = (y - k) * scale;
      key[x] = k;
    }
    for (const { angle, plane } of inks) screenDots(picture, plane, cellPx, angle);
    const out = resultBytes(data.length);
    for (let x = 0, i = 0; x < pixels; x++, i += 3) {
      const paper = 1 - (key[x] as number);
      out[i] = toByte(paper * (1 - (cyan[x] as number)));
      out[i + 1] = toByte(paper * (1 - (magenta[x] as number)));
      out[i + 2] = toByte(paper * (1 - (yellow[x] as number)));
    }
    return out;
  };
}

/** The effect pop_art at its defaults: flat inks by lightness, dots between them, and outlines of the blurred luma. */
export const popArtLoop: Loop = (picture) => {
  const { widthPx, heightPx, data } = picture;
  const inks = createInks("comic", 4, 1.1);
  const { ranks, right, down } = createHalftoneScreen(8, 45);
  const luma = boxMeans(picture, toLumas(picture));
  const light = toLuminance(picture);
  const out = resultBytes(data.length);
  const { steps, table } = lightnessCurve;
  for (let y = 0, i = 0; y < heightPx; y++) {
    const [above, below] = [Math.max(0, y - 1) * widthPx, Math.min(heightPx - 1, y + 1) * widthPx];
    for (let x = 0; x < widthPx; x++, i++) {
      const position = 3 * (table[(Math.min(1, light[i] as number) * steps + 0.5) | 0] as number);
      const lower = Math.min(Math.floor(position), 2);
      const cover = 1 - (position - lower);
      let share = cover <= 0 ? 1 : 0;
      if (cover > 0 && cover < 1) {
        const u = Math.floor(x * right + y * down) & 63;
        const v = Math.floor(y * right - x * down) & 63;
        const rim = Math.min(0.75 / 8, 2 * cover, 2 - 2 * cover);
        share = Math.min(1, Math.max(0, ((ranks[v * 64 + u] as number) - cover) / rim + 0.5));
      }
      const [l, r] = [x > 0 ? x - 1 : 0, x < widthPx - 1 ? x + 1 : x];
      const falling = (luma[below + r] as number) - (luma[above + l] as number);
      const rising = (luma[above + r] as number) - (luma[below + l] as number);
      const across = falling + rising + 2 * ((luma[y * widthPx + r] as number) - (luma[y * widthPx + l] as number));
      const along = falling - rising + 2 * ((luma[below + x] as number) - (luma[above + x] as number));
      const line = (Math.sqrt(across * across + along * along) * 3) / 8;
      const edge = Math.min(1, Math.max(0, (line - 0.1) / 0.2));
      const kept = 1 - 0.7 * edge * edge * (3 - 2 * edge);
      const [from, to] = [inks[lower] as Rgb, inks[Math.min(3, lower + 1)] as Rgb];
      for (let c = 0; c < 3; c++)
        out[3 * i + c] = 255 * kept * ((from[c] as number) + ((to[c] as number) - (from[c] as number)) * share) + 0.5;
    }
  }
  return out;
};

function toLumas({ data }: Picture): Float32Array {
  const plane = new Float32Array(data.length / 3);
  for (let x = 0, i = 0; x < plane.length; x++, i += 3)
    plane[x] = (0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number)) / 255;
  return plane;
}

/** Means of squares of 3 × 3. Edges are repeated. */
function boxMeans({ widthPx, heightPx }: Picture, values: Float32Array): Float32Array {
  const sums = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let y = 0, i = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++, i++)
      sums[i] =
        (values[x > 0 ? i - 1 : i] as number) + (values[i] as number) + (values[x < widthPx - 1 ? i + 1 : i] as number);
  for (let y = 0, i = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++, i++)
      out[i] =
        ((sums[y > 0 ? i - widthPx : i] as number) +
          (sums[i] as number) +
          (sums[y < heightPx - 1 ? i + widthPx : i] as number)) /
        9;
  return out;
}

/** The effect retro_8bit at its defaults: means of cells of 6 × 6 in linear light, in the palette of the NES by pattern dithering. */
export function retroLoop(): Loop {
  const colors = readPalette("nes", "");
  const inks = Uint8Array.from(colors.flat(), (sample) => Math.round(sample * 255));
  const choose = createPattern(colors, { map: createBayerMap(4), strength: 0.4, values: asLight });
  const cellPx = 6;
  const { steps, table } = encodedCurve;
  return (picture) => {
    const { widthPx, heightPx, data } = picture;
    const columns = Math.ceil(widthPx / cellPx);
    const sums = new Float64Array(columns * 3);
    const out = resultBytes(data.length);
    for (let top = 0; top < heightPx; top += cellPx) {
      const end = Math.min(heightPx, top + cellPx);
      sums.fill(0);
      for (let y = top, i = top * widthPx * 3; y < end; y++)
        for (let x = 0; x < widthPx; x++)
          for (let c = Math.floor(x / cellPx) * 3, last = c + 3; c < last; c++, i++)
            sums[c] = (sums[c] as number) + (lightOfByte[data[i] as number] as number);
      const row = new Uint8Array(widthPx * 3);
      for (let column = 0; column < columns; column++) {
        const wide = Math.min(cellPx, widthPx - column * cellPx);
        const meanOf = (c: number) =>
          table[Math.round(((sums[3 * column + c] as number) / (wide * (end - top))) * steps)] as number;
        const ink = 3 * choose([meanOf(0), meanOf(1), meanOf(2)], column, top / cellPx);
        for (let x = column * cellPx; x < column * cellPx + wide; x++) row.set(inks.subarray(ink, ink + 3), 3 * x);
      }
      for (let y = top; y < end; y++) out.set(row, y * widthPx * 3);
    }
    return out;
  };
}

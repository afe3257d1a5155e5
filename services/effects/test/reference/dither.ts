import type { Rgb } from "../../src/domain/color/color.ts";
import { palettes } from "../../src/domain/color/palettes.ts";
import { blueNoiseMap } from "../../src/domain/dither/blue-noise.ts";
import { diffusions, type Tap } from "../../src/domain/dither/diffusions.ts";
import { createBayerMap, type ThresholdMap } from "../../src/domain/dither/thresholds.ts";
import { mapCells } from "./cells.ts";
import { linearOf } from "./curves.ts";
import { createDiffusion, type Quantizer } from "./error-diffusion.ts";
import { createOrdered } from "./ordered.ts";
import { createPaletteDiffusion } from "./palette-diffusion.ts";
import { asEncoded, asLight, createPattern, type FixedChoice, readPalette } from "./palette-match.ts";
import type { Row, RowKernel, RowShape, RowTransform } from "./rows.ts";
import { createPaletteTones, createTones, type Tones } from "./tones.ts";

type Settings = {
  readonly method: keyof typeof diffusions | "bayer2" | "bayer4" | "bayer8" | "blue_noise" | "threshold";
  readonly mode: "mono" | "color";
  readonly palette: FixedChoice | "none";
  readonly colors: string;
  readonly levels: number;
  readonly scale: number;
  readonly strength: number;
  readonly serpentine: boolean;
  readonly linear_light: boolean;
  readonly dark: Rgb;
  readonly light: Rgb;
};

/** The effect dither, pixel by pixel. */
export function dither(settings: Settings, shape: RowShape): RowTransform {
  const columns = Math.ceil(shape.widthPx / settings.scale);
  return mapCells(shape, settings.scale, createKernel(columns, shape.channels, settings));
}

function createKernel(columns: number, channels: 3 | 4, settings: Settings): RowKernel {
  const { palette, colors: custom, linear_light: linearLight } = settings;
  if (palette !== "none") {
    const colors = readPalette(palette, custom);
    if (palette !== "custom" && palettes[palette].match === "tone")
      return createToneKernel(columns, channels, createPaletteTones(channels, colors, linearLight), settings);
    return createColorKernel(columns, channels, colors, settings);
  }
  const tones = createTones({
    channels,
    count: settings.levels,
    planes: settings.mode === "mono" ? 1 : 3,
    linearLight,
    dark: settings.dark,
    light: settings.light,
  });
  return createToneKernel(columns, channels, tones, settings);
}

function alphaOf(row: Row, channels: 3 | 4): (x: number) => number {
  return channels === 4 ? (x) => row[x * 4 + 3] as number : () => 1;
}

function createToneKernel(columns: number, channels: 3 | 4, tones: Tones, settings: Settings): RowKernel {
  const quantize = createQuantizer(columns, tones, settings);
  const values = new Float32Array(columns * tones.planes);
  const indices = new Uint8Array(columns * tones.planes);
  return (row, y) => {
    tones.read(row, values);
    quantize(values, y, indices, alphaOf(row, channels));
    tones.write(indices, row);
  };
}

function createColorKernel(columns: number, channels: 3 | 4, colors: readonly Rgb[], settings: Settings): RowKernel {
  const { serpentine, linear_light: linearLight } = settings;
  const { taps, map, strength } = toMethod(settings);
  const values = linearLight ? asLight : asEncoded;
  if (taps !== undefined) {
    const quantize = createPaletteDiffusion(columns, colors, { taps, strength, serpentine, values });
    return (row, y) => {
      const samples = new Float32Array(3 * columns);
      for (let i = 0; i < samples.length; i++) {
        const sample = row[Math.floor(i / 3) * channels + (i % 3)] as number;
        samples[i] = linearLight ? linearOf(sample) : sample;
      }
      quantize(samples, y, alphaOf(row, channels)).forEach((index, x) => {
        row.set(colors[index] as Rgb, x * channels);
      });
    };
  }
  const choose = createPattern(colors, { map: map ?? createBayerMap(2), strength, values });
  return (row, y) => {
    for (let x = 0, i = 0; x < columns; x++, i += channels) {
      const color: Rgb = [row[i] as number, row[i + 1] as number, row[i + 2] as number];
      row.set(colors[choose(color, x, y)] as Rgb, i);
    }
  };
}

function createQuantizer(columns: number, tones: Tones, settings: Settings): Quantizer {
  const { taps, map, strength } = toMethod(settings);
  if (taps !== undefined) return createDiffusion(columns, tones, { taps, strength, serpentine: settings.serpentine });
  return createOrdered(tones, { map, strength });
}

type Method = { readonly taps?: readonly Tap[]; readonly map?: ThresholdMap; readonly strength: number };

function toMethod({ method, strength: percent }: Settings): Method {
  const strength = percent / 100;
  switch (method) {
    case "bayer2":
      return { map: createBayerMap(2), strength };
    case "bayer4":
      return { map: createBayerMap(4), strength };
    case "bayer8":
      return { map: createBayerMap(8), strength };
    case "blue_noise":
      return { map: blueNoiseMap(), strength };
    case "threshold":
      return { strength: 0 };
    default:
      return { taps: diffusions[method], strength };
  }
}

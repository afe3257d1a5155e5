import type { Rgb } from "../../src/domain/color/color.ts";
import { blueNoiseMap } from "../../src/domain/dither/blue-noise.ts";
import { diffusions } from "../../src/domain/dither/diffusions.ts";
import { createBayerMap } from "../../src/domain/dither/thresholds.ts";
import { mapCells } from "./cells.ts";
import { createDiffusion, type Quantizer } from "./error-diffusion.ts";
import { createOrdered } from "./ordered.ts";
import type { RowShape, RowTransform } from "./rows.ts";
import { createTones, type Tones } from "./tones.ts";

type Settings = {
  readonly method: keyof typeof diffusions | "bayer2" | "bayer4" | "bayer8" | "blue_noise" | "threshold";
  readonly mode: "mono" | "color";
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
  const tones = createTones({
    channels: shape.channels,
    count: settings.levels,
    planes: settings.mode === "mono" ? 1 : 3,
    linearLight: settings.linear_light,
    dark: settings.dark,
    light: settings.light,
  });
  const quantize = createQuantizer(columns, tones, settings);
  const values = new Float32Array(columns * tones.planes);
  const indices = new Uint8Array(columns * tones.planes);
  return mapCells(shape, settings.scale, (row, y) => {
    tones.read(row, values);
    quantize(values, y, indices, shape.channels === 4 ? (x) => row[x * 4 + 3] as number : () => 1);
    tones.write(indices, row);
  });
}

function createQuantizer(columns: number, tones: Tones, settings: Settings): Quantizer {
  const strength = settings.strength / 100;
  switch (settings.method) {
    case "floyd_steinberg":
    case "atkinson":
    case "jarvis":
      return createDiffusion(columns, tones, {
        taps: diffusions[settings.method],
        strength,
        serpentine: settings.serpentine,
      });
    case "bayer2":
      return createOrdered(tones, { map: createBayerMap(2), strength });
    case "bayer4":
      return createOrdered(tones, { map: createBayerMap(4), strength });
    case "bayer8":
      return createOrdered(tones, { map: createBayerMap(8), strength });
    case "blue_noise":
      return createOrdered(tones, { map: blueNoiseMap(), strength });
    case "threshold":
      return createOrdered(tones, { strength });
  }
}

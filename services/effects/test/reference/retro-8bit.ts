import { clampUnit, type Rgb } from "../../src/domain/color/color.ts";
import { type PaletteName, palettes } from "../../src/domain/color/palettes.ts";
import { createBayerMap } from "../../src/domain/dither/thresholds.ts";
import { mapCells } from "./cells.ts";
import { encodedOf, linearOf } from "./curves.ts";
import { paletteLookup } from "./palette-lookup.ts";
import { asLight, createPattern, type FixedChoice, readPalette } from "./palette-match.ts";
import { joinTransforms, mapRows, type RowKernel, type RowShape, type RowTransform } from "./rows.ts";

type Settings = {
  readonly palette: FixedChoice;
  readonly colors: string;
  readonly pixel_size: number;
  readonly dither: number;
  readonly scanlines: number;
};

/** The effect retro_8bit, pixel by pixel. */
export function retro8bit(settings: Settings, shape: RowShape): RowTransform {
  const { palette, colors } = settings;
  const strength = settings.dither / 100;
  const kernel =
    palette !== "custom" && palettes[palette].match === "tone"
      ? createToneKernel(shape, palette, strength)
      : createPatternKernel(shape, readPalette(palette, colors), strength);
  const cells = mapCells(shape, settings.pixel_size, kernel);
  if (settings.scanlines === 0) return cells;
  return joinTransforms([cells, mapRows(createScanlines(shape, settings.pixel_size, settings.scanlines / 100))]);
}

function createPatternKernel({ channels }: RowShape, colors: readonly Rgb[], strength: number): RowKernel {
  const choose = createPattern(colors, { map: createBayerMap(4), strength, values: asLight });
  return (row, y) => {
    for (let x = 0, i = 0; i < row.length; x++, i += channels) {
      const color: Rgb = [row[i] as number, row[i + 1] as number, row[i + 2] as number];
      row.set(colors[choose(color, x, y)] as Rgb, i);
    }
  };
}

function createToneKernel({ channels }: RowShape, palette: PaletteName, dither: number): RowKernel {
  const { colors, indexOf } = paletteLookup(palette);
  const { sizePx, thresholds } = createBayerMap(4);
  // At full strength: one step between neighbours, if the palette were an even cube of as many colours.
  const amplitude = dither / (Math.cbrt(colors.length) - 1);
  return (row, y) => {
    for (let x = 0, i = 0; i < row.length; x++, i += channels) {
      const threshold = thresholds[(y % sizePx) * sizePx + (x % sizePx)] as number;
      const shift = (threshold - 0.5) * amplitude;
      const index = indexOf(
        clampUnit((row[i] as number) + shift),
        clampUnit((row[i + 1] as number) + shift),
        clampUnit((row[i + 2] as number) + shift),
      );
      const color = colors[index] as (typeof colors)[number];
      row[i] = color[0];
      row[i + 1] = color[1];
      row[i + 2] = color[2];
    }
  };
}

// Darkens the lowest third of each coarse row, at least one line. With a pixel size of 1, every other line.
function createScanlines({ channels }: RowShape, pixelSize: number, strength: number): RowKernel {
  const period = Math.max(2, pixelSize);
  const bright = period - Math.max(1, Math.round(period / 3));
  return (row, y) => {
    if (y % period < bright) return;
    for (let i = 0; i < row.length; i += channels) {
      for (let c = i; c < i + 3; c++) row[c] = encodedOf(linearOf(row[c] as number) * (1 - strength));
    }
  };
}

import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, integer, number } from "../catalogue/parameters.ts";
import { clampUnit, encodedOf, linearOf } from "../color/color.ts";
import { paletteLookup } from "../color/palette-lookup.ts";
import { paletteNames } from "../color/palettes.ts";
import { createBayerMap } from "../dither/thresholds.ts";
import { mapCells } from "../draw/cells.ts";
import { joinTransforms, mapRows, type RowKernel, type RowShape } from "../rows/rows.ts";

/** Coarse pixels in the colours of an old machine, with its dithering and the dark lines of its screen. */
export const retro8bit = defineEffect({
  name: "retro_8bit",
  title: "Retro 8-bit",
  description: "Coarse pixels in the palette of an old machine, with a dither pattern and scan lines.",
  revision: 1,
  parameters: {
    palette: choice({ description: "The machine whose colours are used.", choices: paletteNames, byDefault: "nes" }),
    pixel_size: integer({ description: "Side of a coarse pixel.", minimum: 1, maximum: 64, byDefault: 6, unit: "px" }),
    dither: number({
      description: "Strength of a 4×4 Bayer pattern between colours.",
      minimum: 0,
      maximum: 100,
      byDefault: 40,
      unit: "%",
    }),
    scanlines: number({
      description: "How much the lower edge of each row of coarse pixels is darkened.",
      minimum: 0,
      maximum: 100,
      byDefault: 0,
      unit: "%",
    }),
  },
  createTransform(settings, shape) {
    const cells = mapCells(
      shape,
      settings.pixel_size,
      createPaletteKernel(shape, settings.palette, settings.dither / 100),
    );
    if (settings.scanlines === 0) return cells;
    return joinTransforms([cells, mapRows(createScanlines(shape, settings.pixel_size, settings.scanlines / 100))]);
  },
});

function createPaletteKernel(
  { channels }: RowShape,
  palette: (typeof paletteNames)[number],
  dither: number,
): RowKernel {
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

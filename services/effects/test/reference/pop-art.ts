import { clampUnit, lumaWeights, luminanceWeights, type Rgb } from "../../src/domain/color/color.ts";
import { createInks, type InkPalette } from "../../src/domain/draw/ink-ramps.ts";
import { lightnessOf, linearOf } from "./curves.ts";
import { createScreen, type Screen } from "./halftone.ts";
import { paintWithOutline } from "./outline.ts";
import type { RowKernel, RowShape, RowTransform } from "./rows.ts";

type Settings = {
  readonly palette: InkPalette | "original";
  readonly levels: number;
  readonly saturation: number;
  readonly dot_size: number;
  readonly dot_angle: number;
  readonly outline: number;
  readonly outline_width: number;
};

/** The effect pop_art in one tile, pixel by pixel. `turn` is that of the inks, in degrees. */
export function popArt(settings: Settings, shape: RowShape, turn = 0): RowTransform {
  const { levels, dot_size: dotSize, dot_angle: angle } = settings;
  const saturation = settings.saturation / 100;
  const screenAt = (turn: number) => (dotSize >= 2 ? createScreen(dotSize, angle + turn) : undefined);
  const softness = Math.min(0.5, 0.75 / Math.max(dotSize, 1));
  const printer = (turn: number) => createPrinter(levels, softness, screenAt(turn));
  const paint =
    settings.palette === "original"
      ? paintOwnColors(shape, saturation, [printer(15), printer(45), printer(0)], levels - 1)
      : paintInks(shape, createInks(settings.palette, levels, saturation, turn), printer(0));
  return paintWithOutline(shape, { radiusPx: settings.outline_width, opacity: settings.outline / 100 }, paint);
}

/** Returns the position of a tone among the inks: a whole number for a flat ink, a fraction only at a dot's rim. */
type Printer = (tone: number, x: number, y: number) => number;

// Below softness 0.5 the rim of a dot is a ramp of about a pixel and a half, against jagged edges.
function createPrinter(levels: number, softness: number, screen: Screen | undefined): Printer {
  const last = levels - 1;
  if (screen === undefined) return (tone) => Math.round(tone * last);
  return (tone, x, y) => {
    const position = tone * last;
    const below = Math.min(Math.floor(position), last - 1);
    // The darker ink makes the dots: it covers the tone's distance to the lighter ink.
    const cover = 1 - (position - below);
    if (cover <= 0 || cover >= 1) return below + (cover <= 0 ? 1 : 0);
    // A rim wider than the smallest or the largest dot is narrowed, so that the dots keep covering their share.
    const rim = Math.min(softness, 2 * cover, 2 - 2 * cover);
    return below + clampUnit((screen(x, y) - cover) / rim + 0.5);
  };
}

function paintInks({ widthPx, channels }: RowShape, inks: readonly Rgb[], print: Printer): RowKernel {
  const [red, green, blue] = luminanceWeights;
  return (row, y) => {
    for (let x = 0, i = 0; x < widthPx; x++, i += channels) {
      const luminance =
        red * linearOf(row[i] as number) +
        green * linearOf(row[i + 1] as number) +
        blue * linearOf(row[i + 2] as number);
      const place = print(lightnessOf(Math.min(1, luminance)), x, y);
      const below = Math.floor(place);
      const share = place - below;
      const from = inks[below] as Rgb;
      const to = inks[Math.min(below + 1, inks.length - 1)] as Rgb;
      row[i] = from[0] + (to[0] - from[0]) * share;
      row[i + 1] = from[1] + (to[1] - from[1]) * share;
      row[i + 2] = from[2] + (to[2] - from[2]) * share;
    }
  };
}

// Saturation by distance from the grey of equal luma: P. Haeberli, "Matrix operations for image processing" (1993).
function paintOwnColors(
  { widthPx, channels }: RowShape,
  saturation: number,
  [printRed, printGreen, printBlue]: readonly [Printer, Printer, Printer],
  last: number,
): RowKernel {
  const [red, green, blue] = lumaWeights;
  return (row, y) => {
    for (let x = 0, i = 0; x < widthPx; x++, i += channels) {
      const [r, g, b] = [row[i] as number, row[i + 1] as number, row[i + 2] as number];
      const grey = red * r + green * g + blue * b;
      row[i] = printRed(clampUnit(grey + (r - grey) * saturation), x, y) / last;
      row[i + 1] = printGreen(clampUnit(grey + (g - grey) * saturation), x, y) / last;
      row[i + 2] = printBlue(clampUnit(grey + (b - grey) * saturation), x, y) / last;
    }
  };
}

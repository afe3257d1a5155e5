import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { color, flag, number } from "../catalogue/parameters.ts";
import { clampUnit, type Rgb } from "../color/color.ts";
import { fromOklab, type Oklab, toOklab } from "../color/oklab.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { allocatePlane } from "../rows/rows.ts";
import { tabulateTone, toneSteps } from "../tone/tables.ts";

/** Replaces OKLab lightness by colours between two or three, mixed in OKLab (B. Ottosson, 2020). Black and white give the greys of the picture. */
export const duotone = defineEffect({
  name: "duotone",
  group: "tone",
  title: "Duotone",
  description: "Shadows in one colour and highlights in another, as a print in two inks; lightness by OKLab.",
  revision: 1,
  parameters: {
    dark: color({ description: "The colour of black.", byDefault: "#1b1464" }),
    light: color({ description: "The colour of white.", byDefault: "#ffd9a0" }),
    mid: color({ description: "The colour of mid-tones, if `use_mid` is on.", byDefault: "#d4456a" }),
    use_mid: flag({ description: "Mixes three colours instead of two.", byDefault: false }),
    contrast: number({
      description: "Factor of the distance of lightness from the middle: 100 changes nothing, 0 leaves one colour.",
      minimum: 0,
      maximum: 400,
      byDefault: 100,
      unit: "%",
    }),
  },
  createStage({ dark, light, mid, use_mid, contrast }, context, target) {
    const { space, shape } = context;
    const { widthPx, channels } = shape;
    const { lightness, paint } = space.use(toneKernels);
    const plane = allocatePlane(space, widthPx, 4);
    const colorAt = createRamp(use_mid ? [dark, mid, light] : [dark, light]);
    const tone = (value: number) => clampUnit(((value - 0.5) * contrast) / 100 + 0.5);
    const tableOf = (channel: 0 | 1 | 2) => space.constant(tabulateTone((value) => colorAt(tone(value))[channel]));
    const [red, green, blue] = [tableOf(0), tableOf(1), tableOf(2)];
    const onRows = onFloats(context, (row, to) => {
      lightness(row, channels, widthPx, plane);
      paint(plane, widthPx, red, green, blue, toneSteps, channels, to);
    });
    return mapRows(context, onRows, target);
  },
});

/** Returns the colour at a place from 0 to 1 between equally spaced colours. */
function createRamp(colors: readonly Rgb[]): (place: number) => Rgb {
  const stops = colors.map(toOklab);
  const parts = stops.length - 1;
  return (place) => {
    const index = Math.min(parts - 1, Math.floor(place * parts));
    const share = place * parts - index;
    const [from, to] = [stops[index] as Oklab, stops[index + 1] as Oklab];
    return fromOklab(from.map((value, i) => value + ((to[i] as number) - value) * share) as unknown as Oklab);
  };
}

import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, number } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";

const keys = ["luminance", "hue", "saturation"] as const;

const noLimit = 2 ** 31 - 1;

/**
 * Runs of pixels within rows, sorted, after K. Asendorf's ASDFPixelSort (2010). The default limits are those of the program pixelsort by S. Arthur.
 * Luminance is the BT.601 luma; hue and saturation are those of HSV. Keys and limits have 16 bits; pixels with the same key keep their order. All on
 * sRGB-encoded values. Alpha stays, and an invisible pixel ends a run.
 */
export const pixelSort = defineEffect({
  name: "pixel_sort",
  group: "glitch",
  title: "Pixel sort",
  description: "Runs of pixels of each row, sorted by luminance, hue or saturation of the sRGB-encoded values.",
  revision: 1,
  parameters: {
    by: choice({ description: "The order of a run's pixels.", choices: keys, byDefault: "luminance" }),
    low: number({
      description: "Lower limit of the luma; darker pixels end a run.",
      minimum: 0,
      maximum: 100,
      byDefault: 25,
      unit: "%",
    }),
    high: number({
      description: "Upper limit of the luma; brighter pixels end a run.",
      minimum: 0,
      maximum: 100,
      byDefault: 80,
      unit: "%",
    }),
    direction: choice({
      description: "Rising or falling from left to right.",
      choices: ["rising", "falling"],
      byDefault: "rising",
    }),
    length: number({
      description: "Longest run, rounded to whole pixels; 0 for no limit.",
      minimum: 0,
      maximum: 4096,
      byDefault: 0,
      unit: "px",
    }),
  },
  createStage({ by, low, high, direction, length }, context, target) {
    const { space, shape } = context;
    const { widthPx, channels } = shape;
    const { sortRuns } = space.use(glitchKernels);
    const [lowKey, highKey] = [low, high].map((percent) => Math.round((percent / 100) * 65_535)) as [number, number];
    const limit = length === 0 ? noLimit : Math.max(1, Math.round(length));
    const scratch = space.allocate(1024 + 16 * widthPx);
    return mapRows(
      context,
      onFloats(context, (row, to) =>
        sortRuns(
          ...([row, channels, widthPx, keys.indexOf(by), direction === "falling"] as const),
          ...([lowKey, highKey, limit, scratch, to] as const),
        ),
      ),
      target,
    );
  },
});

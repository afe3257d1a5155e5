import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, number } from "../catalogue/parameters.ts";
import { mapPictureRows } from "../picture/mapped-picture.ts";
import { stageMemory, wholePicture } from "../picture/prepared-effect.ts";
import { transposedBytes, transposedWorkBytes, transposePicture } from "../picture/transposed-picture.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { CreateStage, RowTarget, Stage, StageContext } from "../rows/rows.ts";

const keys = ["luminance", "hue", "saturation"] as const;

const noLimit = 2 ** 31 - 1;

/**
 * Runs of pixels within rows or columns, sorted, after K. Asendorf's ASDFPixelSort (2010). The default limits are those of the program pixelsort by S. Arthur.
 * Luminance is the BT.601 luma; hue and saturation are those of HSV. Keys and limits have 16 bits; pixels with the same key keep their order. All on
 * sRGB-encoded values. Alpha stays, and an invisible pixel ends a run.
 */
export const pixelSort = defineEffect({
  name: "pixel_sort",
  group: "glitch",
  title: "Pixel sort",
  description:
    "Runs of pixels of each row or column, sorted by luminance, hue or saturation of the sRGB-encoded values.",
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
    axis: choice({ description: "What is sorted.", choices: ["rows", "columns"], byDefault: "rows" }),
    direction: choice({
      description: "Rising or falling, from left to right or from top to bottom.",
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
  needsPicture: ({ axis }) => axis === "columns",
  memory({ axis }, shape) {
    const stage = stageMemory(shape);
    if (axis === "rows") return stage;
    const turned = { ...shape, widthPx: shape.heightPx, heightPx: shape.widthPx };
    const workBytes = stage.workBytes + 2 * transposedWorkBytes(shape) + stageMemory(turned).workBytes;
    return { workBytes, pictureBytes: [transposedBytes(shape), transposedBytes(turned)] };
  },
  async prepare(settings, context) {
    const createStage: CreateStage = (stage, target) => sortRows(settings, stage, target);
    if (settings.axis === "rows") return { createStage };
    // Columns are the rows of the transposed picture.
    const columns = await transposePicture(wholePicture(context), context);
    try {
      const picture = await transposePicture(mapPictureRows(columns, createStage, context), context);
      return { picture, close: picture.close };
    } finally {
      await columns.close();
    }
  },
});

type Settings = {
  readonly by: (typeof keys)[number];
  readonly low: number;
  readonly high: number;
  readonly direction: "rising" | "falling";
  readonly length: number;
};

function sortRows({ by, low, high, direction, length }: Settings, context: StageContext, target: RowTarget): Stage {
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
}

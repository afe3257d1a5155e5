import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, number, type SettingsOf } from "../catalogue/parameters.ts";
import { aspect, smallestAround } from "../composition/aspect.ts";
import { canvasBytes, onCanvas } from "../composition/canvas.ts";
import { gravities, placeAround } from "../composition/gravity.ts";
import { enlargeTo, leastSize } from "../composition/least-size.ts";
import type { Area } from "../composition/length.ts";
import { addSides, sides } from "../composition/sides.ts";
import type { RowShape } from "../rows/rows.ts";

const parameters = {
  mode: choice({
    description: "sides (only `sides`), or further borders up to a shape (aspect) or a size (size).",
    choices: ["sides", "aspect", "size"],
    byDefault: "sides",
  }),
  sides: sides({
    description:
      "Borders of every mode, for all sides or top, right, bottom, left; in px or percents of the picture's longer side.",
    byDefault: "5%",
  }),
  aspect: aspect({ description: "For aspect: width to height of the result.", byDefault: "1:1" }),
  size: leastSize({
    description: "For size: the least width and height of the result. A larger picture keeps its own.",
    byDefault: "1000x1000",
  }),
  gravity: choice({
    description: "For aspect and size: the place of the picture with its `sides`.",
    choices: gravities,
    byDefault: "center",
  }),
  color: color({ description: "The colour of the borders.", byDefault: "#ffffff" }),
  opacity: number({
    description: "Opacity of the colour; below 100 the result has alpha.",
    minimum: 0,
    maximum: 100,
    byDefault: 100,
    unit: "%",
  }),
  behind: flag({
    description:
      "Lay the colour also behind a picture with transparent parts. With opacity 100 the result has no alpha.",
    byDefault: true,
  }),
};

type Settings = SettingsOf<typeof parameters>;

/**
 * Puts a picture on a larger canvas of one colour. Where the colour lies behind the picture, encoded values are mixed, as `replace_background` and the
 * JPEG encoder do; opaque pixels stay as they are.
 */
export const padding = defineEffect({
  name: "padding",
  group: "composition",
  title: "Padding",
  description:
    "Adds borders, coloured or transparent: at each side, up to a shape, or up to a size. Unless `behind` is off, the colour also lies behind transparent parts, mixed in encoded values as browsers do.",
  revision: 1,
  changesSize: true,
  parameters,
  resultShape: toShape,
  memory: (settings, shape) => ({ workBytes: canvasBytes(toShape(settings, shape)), pictureBytes: [] }),
  prepare(settings, { shape }) {
    const { color, opacity, behind } = settings;
    const result = toShape(settings, shape);
    const paint = { color, opacity: opacity / 100 };
    const createStage = onCanvas({
      area: areaOf(settings, shape),
      channels: result.channels,
      border: paint,
      behind: behind && Math.fround(paint.opacity) > 0 ? paint : undefined,
    });
    return { shape: result, createStage };
  },
});

/** Returns the place of the canvas in the coordinates of the picture. */
function areaOf({ mode, sides, aspect, size, gravity }: Settings, shape: RowShape): Area {
  const { widthPx, heightPx } = shape;
  const area = addSides(sides, { leftPx: 0, topPx: 0, widthPx, heightPx }, shape);
  if (mode === "sides") return area;
  const outer = mode === "aspect" ? smallestAround(aspect, area) : enlargeTo(size, area);
  return placeAround(gravity, area, outer);
}

function toShape(settings: Settings, shape: RowShape): RowShape {
  const { widthPx, heightPx } = areaOf(settings, shape);
  const isCovered = shape.channels === 3 || settings.behind;
  return { widthPx, heightPx, channels: isCovered && settings.opacity === 100 ? 3 : 4 };
}

import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, flag, number, type SettingsOf } from "../catalogue/parameters.ts";
import { aspect, largestInside, smallestAround } from "../composition/aspect.ts";
import { areaOfBox, box } from "../composition/box.ts";
import { canvasBytes, onCanvas } from "../composition/canvas.ts";
import { placeAround, placeInside } from "../composition/gravity.ts";
import type { Area } from "../composition/length.ts";
import { findObject, findObjectBytes } from "../composition/object-area.ts";
import { addSides, hasSides, sides } from "../composition/sides.ts";
import { wholePicture } from "../picture/prepared-effect.ts";
import type { RowShape } from "../rows/rows.ts";

const parameters = {
  mode: choice({
    description: "aspect (the largest part of a shape), box (a rectangle), or object (what is visible of a cut-out).",
    choices: ["aspect", "box", "object"],
    byDefault: "aspect",
  }),
  aspect: aspect({
    description: "Width to height. For aspect, and for object with `widen`.",
    byDefault: "1:1",
  }),
  gravity: choice({
    description: "For aspect: the part that stays. For object with `widen`: the place of the object.",
    choices: ["center", "top", "bottom", "left", "right"],
    byDefault: "center",
  }),
  box: box({
    description:
      "For box: left, top, width and height in px, or percents of the picture's width and height. It is clipped to the picture.",
    byDefault: "10% 10% 80% 80%",
  }),
  threshold: number({
    description: "For object: pixels with an opacity above this belong to the object.",
    minimum: 0,
    maximum: 99,
    byDefault: 5,
    unit: "%",
  }),
  margin: sides({
    description:
      "For object: what is kept around it, for all sides or top, right, bottom, left; in px or percents of its longer side. Transparent beyond the picture.",
    byDefault: "0",
  }),
  widen: flag({
    description: "For object: widen the rectangle with its margin to `aspect`; transparent beyond the picture.",
    byDefault: false,
  }),
};

type Settings = SettingsOf<typeof parameters>;

const transparent = { color: [0, 0, 0], opacity: 0 } as const;

/**
 * Cuts a part out of a picture. The pixels stay as they are. The object is the smallest rectangle with all pixels above the threshold: the whole picture
 * where it has no alpha channel, or no such pixel.
 */
export const crop = defineEffect({
  name: "crop",
  group: "composition",
  title: "Crop",
  description:
    "Cuts out the largest part of a shape, a rectangle, or the visible part of a cut-out. Where nothing is transparent, or nothing visible, the object is the whole picture.",
  revision: 1,
  changesSize: true,
  parameters,
  needsPicture: ({ mode }) => mode === "object",
  // The largest area around an object is the one around the whole picture.
  resultShape: (settings, shape) => toShape(settings, shape, areaOf(settings, shape, wholeOf(shape))),
  memory(settings, shape) {
    const result = toShape(settings, shape, areaOf(settings, shape, wholeOf(shape)));
    const searchBytes = settings.mode === "object" ? findObjectBytes(shape) : 0;
    return { workBytes: canvasBytes(result) + searchBytes, pictureBytes: [] };
  },
  async prepare(settings, context) {
    const { shape, pace } = context;
    const { mode, threshold } = settings;
    const object = mode === "object" ? await findObject(wholePicture(context), threshold / 100, pace) : wholeOf(shape);
    const area = areaOf(settings, shape, object);
    const result = toShape(settings, shape, area);
    return { shape: result, createStage: onCanvas({ area, channels: result.channels, border: transparent }) };
  },
});

/** Returns the area that stays of a picture with an object. Throws INVALID_ARGUMENT for a box beside the picture. */
function areaOf({ mode, aspect, gravity, box, margin, widen }: Settings, shape: RowShape, object: Area): Area {
  if (mode === "box") return areaOfBox(box, shape, "crop.box");
  if (mode === "aspect") return placeInside(gravity, largestInside(aspect, shape), shape);
  const area = addSides(margin, object, object);
  return widen ? placeAround(gravity, area, smallestAround(aspect, area)) : area;
}

/** Returns the shape of the result. It has alpha wherever an area may reach beyond the picture. */
function toShape({ mode, margin, widen }: Settings, { channels }: RowShape, { widthPx, heightPx }: Area): RowShape {
  const mayReachBeyond = mode === "object" && (widen || hasSides(margin));
  return { widthPx, heightPx, channels: mayReachBeyond ? 4 : channels };
}

function wholeOf({ widthPx, heightPx }: RowShape): Area {
  return { leftPx: 0, topPx: 0, widthPx, heightPx };
}

import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, number } from "../catalogue/parameters.ts";
import type { Rgb } from "../color/color.ts";
import { prepareShape } from "../composition/map-shape.ts";
import { noMargins, withMargins } from "../composition/shape-margins.ts";
import { createStrokePainter, type Stroke, strokeMargins, strokeMemory } from "../composition/stroke-painter.ts";
import type { RowShape } from "../rows/rows.ts";

const positions = ["outside", "center", "inside"] as const;

type Settings = {
  readonly width: number;
  readonly color: Rgb;
  readonly opacity: number;
  readonly position: (typeof positions)[number];
  readonly expand: boolean;
};

/**
 * A stroke of one colour along the edge of an object: the object's alpha grown by a disc (J. Serra, "Image analysis and mathematical morphology", 1982:
 * dilation), whose edge falls off over one pixel. A stroke inside is the same of 1 - alpha.
 */
export const outline = defineEffect({
  name: "outline",
  group: "composition",
  title: "Outline",
  description:
    "A stroke around the object of a cut-out, like the border of a sticker, or a frame in a picture without alpha.",
  revision: 1,
  changesSize: true,
  parameters: {
    width: number({ description: "Its width.", minimum: 0.5, maximum: 64, byDefault: 12, unit: "px" }),
    color: color({ description: "Its colour.", byDefault: "#ffffff" }),
    opacity: number({ description: "Its opacity.", minimum: 0, maximum: 100, byDefault: 100, unit: "%" }),
    position: choice({
      description: "Where it lies: outside of the edge, half on either side, or inside.",
      choices: positions,
      byDefault: "outside",
    }),
    expand: flag({
      description: "The canvas grows for all of a stroke outside; else it is cut off at the edges of the picture.",
      byDefault: true,
    }),
  },
  resultShape: (settings, shape) => planOf(settings, shape).canvas,
  memory(settings, shape) {
    const { stroke, canvas } = planOf(settings, shape);
    return strokeMemory(stroke, canvas);
  },
  prepare(settings, context) {
    const { stroke, margins, canvas } = planOf(settings, context.shape);
    // Outside of an opaque picture without margins is nothing.
    if (canvas.channels === 3 && !stroke.isInside) return {};
    return prepareShape(context, margins, createStrokePainter(context.space, stroke, canvas));
  },
});

/** Returns the stroke, and the canvas that it needs. */
function planOf({ width, color, opacity, position, expand }: Settings, shape: RowShape) {
  const stroke: Stroke = {
    color,
    opacity: opacity / 100,
    radiusPx: position === "center" ? width / 2 : width,
    isOutside: position !== "inside",
    isInside: position !== "outside",
  };
  const margins = expand ? strokeMargins(stroke) : noMargins;
  return { stroke, margins, canvas: withMargins(shape, margins) };
}

import { defineEffect } from "../catalogue/define-effect.ts";
import { color, flag, number } from "../catalogue/parameters.ts";
import type { Rgb } from "../color/color.ts";
import { prepareShape } from "../composition/map-shape.ts";
import { createShadowPainter, type Shadow, shadowMargins, shadowMemory } from "../composition/shadow-painter.ts";
import { noMargins, withMargins } from "../composition/shape-margins.ts";
import { wayOf } from "../glitch/line.ts";
import type { RowShape } from "../rows/rows.ts";

type Settings = {
  readonly color: Rgb;
  readonly opacity: number;
  readonly blur: number;
  readonly distance: number;
  readonly angle: number;
  readonly spread: number;
  readonly expand: boolean;
};

/**
 * A drop shadow: the object's alpha, grown by a disc, blurred by a Gaussian, displaced by whole pixels and coloured. The object lies over it: T. Porter
 * and T. Duff, "Compositing digital images" (1984), "over", in linear light. A shadow within an opaque picture is hidden by it.
 */
export const shadow = defineEffect({
  name: "shadow",
  group: "composition",
  title: "Shadow",
  description:
    "A drop shadow under the object of a cut-out; mixed in linear light. It needs alpha, or a canvas that grows.",
  revision: 1,
  changesSize: true,
  parameters: {
    color: color({ description: "Its colour.", byDefault: "#000000" }),
    opacity: number({ description: "Its opacity.", minimum: 0, maximum: 100, byDefault: 50, unit: "%" }),
    blur: number({
      description: "Softness: radius of a Gaussian blur, twice its standard deviation.",
      minimum: 0,
      maximum: 96,
      byDefault: 20,
      unit: "px",
    }),
    distance: number({
      description: "How far it lies from the object.",
      minimum: 0,
      maximum: 80,
      byDefault: 16,
      unit: "px",
    }),
    angle: number({
      description: "Where it lies: 0 to the right, 90 above, 270 below.",
      minimum: 0,
      maximum: 360,
      byDefault: 300,
      unit: "degrees",
    }),
    spread: number({
      description: "How far the object's shape grows before the blur.",
      minimum: 0,
      maximum: 24,
      byDefault: 0,
      unit: "px",
    }),
    expand: flag({
      description: "The canvas grows for all of the shadow; else it is cut off at the edges of the picture.",
      byDefault: true,
    }),
  },
  resultShape: (settings, shape) => planOf(settings, shape).canvas,
  memory(settings, shape) {
    const { cast, margins, canvas } = planOf(settings, shape);
    return shadowMemory(cast, canvas, margins);
  },
  async prepare(settings, context) {
    const { cast, margins, canvas } = planOf(settings, context.shape);
    if (canvas.channels === 3) return {};
    return prepareShape(context, margins, await createShadowPainter(context, cast, canvas, margins));
  },
});

/** Returns the shadow, and the canvas that it needs. */
function planOf({ color, opacity, blur, distance, angle, spread, expand }: Settings, shape: RowShape) {
  const { right, down } = wayOf(distance, angle);
  const cast: Shadow = {
    color,
    opacity: opacity / 100,
    sigmaPx: blur / 2,
    spreadPx: spread,
    right: Math.round(right),
    down: Math.round(down),
  };
  const margins = expand ? shadowMargins(cast) : noMargins;
  return { cast, margins, canvas: withMargins(shape, margins) };
}

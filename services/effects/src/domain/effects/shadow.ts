import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, number, type SettingsOf } from "../catalogue/parameters.ts";
import {
  type ContactShadow,
  contactMargins,
  contactMemory,
  createContactPainter,
  withoutShadow,
} from "../composition/contact-painter.ts";
import { findFootprint } from "../composition/footprint.ts";
import { castLongShadow, longShadowMemory } from "../composition/long-shadow.ts";
import { prepareShape } from "../composition/map-shape.ts";
import { createShadowPainter, type Shadow, shadowMargins, shadowMemory } from "../composition/shadow-painter.ts";
import { noMargins, withMargins } from "../composition/shape-margins.ts";
import { wayOf } from "../glitch/line.ts";
import { type PrepareContext, type PreparedEffect, wholePicture } from "../picture/prepared-effect.ts";
import type { RowShape } from "../rows/rows.ts";

const parameters = {
  kind: choice({
    description:
      "drop: a shadow on a wall behind the object; contact: a flat shadow on the ground, under the lowest part of the object.",
    choices: ["drop", "contact"],
    byDefault: "drop",
  }),
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
    description: "drop: how far it lies from the object; contact: how far it reaches below the object before the blur.",
    minimum: 0,
    maximum: 500,
    byDefault: 16,
    unit: "px",
  }),
  angle: number({
    description: "Where it lies: 0 to the right, 90 above, 270 below; `drop` only.",
    minimum: 0,
    maximum: 360,
    byDefault: 300,
    unit: "degrees",
  }),
  spread: number({
    description: "How far the object's shape (contact: its footprint, to either side) grows before the blur.",
    minimum: 0,
    maximum: 24,
    byDefault: 0,
    unit: "px",
  }),
  footprint: number({
    description:
      "The part of the object's height, from below, that rests on the ground; parts that end higher have no shadow; `contact` only.",
    minimum: 0,
    maximum: 25,
    byDefault: 5,
    unit: "%",
  }),
  expand: flag({
    description: "The canvas grows for all of the shadow; else it is cut off at the edges of the picture.",
    byDefault: true,
  }),
};

type Settings = SettingsOf<typeof parameters>;

// A longer shadow would make the stage hold too many rows.
const maxStagePx = 80;

/**
 * A shadow under an object, coloured, in linear light. The object lies over it: T. Porter and T. Duff, "Compositing digital images" (1984), "over". A shadow
 * within an opaque picture is hidden by it.
 *
 * `drop`: the object's alpha, grown by a disc, blurred by a Gaussian, and displaced by whole pixels. One that lies farther than 80 px reads the picture twice.
 *
 * `contact`: each run of columns that rest on the ground is an ellipse around the row below the object (`toFlatShape`), blurred by the same Gaussian. Above
 * that row it fades to nothing within the part of the object that rests on the ground.
 */
export const shadow = defineEffect({
  name: "shadow",
  group: "composition",
  title: "Shadow",
  description:
    "A soft shadow of the object of a cut-out, behind it or on the ground; mixed in linear light. It needs alpha, or a canvas that grows.",
  revision: 1,
  changesSize: true,
  parameters,
  needsPicture: (settings) => settings.kind === "contact" || isLong(settings),
  resultShape: (settings, shape) => planOf(settings, shape).canvas,
  memory(settings, shape) {
    const { cast, contact, margins, canvas } = planOf(settings, shape);
    if (settings.kind === "contact") return contactMemory(contact, shape, canvas);
    return isLong(settings) ? longShadowMemory(cast, canvas) : shadowMemory(cast, canvas, margins);
  },
  async prepare(settings, context) {
    const plan = planOf(settings, context.shape);
    const { cast, margins, canvas } = plan;
    if (canvas.channels === 3) return {};
    if (settings.kind === "contact") return prepareContact(context, plan);
    if (isLong(settings)) {
      const picture = castLongShadow(wholePicture(context), cast, plan, context.pace);
      return { picture, close: picture.close };
    }
    return prepareShape(context, margins, await createShadowPainter(context, cast, canvas, margins));
  },
});

function isLong({ kind, distance }: Settings): boolean {
  return kind === "drop" && distance > maxStagePx;
}

async function prepareContact(context: PrepareContext, plan: Plan): Promise<PreparedEffect> {
  const footprint = await findFootprint(wholePicture(context), context.pace);
  const { contact, canvas, margins } = plan;
  const painter = footprint
    ? await createContactPainter(context, contact, { ...plan, footprint })
    : withoutShadow(context, canvas);
  return prepareShape(context, margins, painter);
}

type Plan = ReturnType<typeof planOf>;

/** Returns the shadow of either kind, and the canvas that it needs. */
function planOf({ kind, color, opacity, blur, distance, angle, spread, footprint, expand }: Settings, shape: RowShape) {
  const { right, down } = wayOf(distance, angle);
  const shared = { color, opacity: opacity / 100, sigmaPx: blur / 2, spreadPx: spread };
  const cast: Shadow = { ...shared, right: Math.round(right), down: Math.round(down) };
  const contact: ContactShadow = { ...shared, halfPx: distance, footprint: footprint / 100 };
  const needed = kind === "contact" ? contactMargins(contact) : shadowMargins(cast);
  const margins = expand ? needed : noMargins;
  return { cast, contact, margins, canvas: withMargins(shape, margins) };
}

import { type Parameter, splitList, text } from "../catalogue/parameters.ts";
import { type Area, type Length, lengthForm, lengthPattern, type Size, scaleLength, toLength, toPx } from "./length.ts";

/** Lengths at the four sides of a picture. */
export type Sides = { readonly top: Length; readonly right: Length; readonly bottom: Length; readonly left: Length };

/** One to four lengths, in the order of CSS (Box Model Module Level 3, 4.2): top, right, bottom, left; a missing one is that of the opposite side, or the first. */
export function sides({ description, byDefault }: { description: string; byDefault: string }): Parameter<Sides> {
  const form = `one to four lengths with spaces or commas between, each ${lengthForm}`;
  const pattern = `^${lengthPattern}([ ,]+${lengthPattern}){0,3}$`;
  return {
    ...text({ description, form, pattern, byDefault }, (given) => {
      const [top, right = top, bottom = top, left = right] = splitList(given).map(toLength) as [Length, ...Length[]];
      return { top, right, bottom, left };
    }),
    atScale: ({ top, right, bottom, left }, factor) => ({
      top: scaleLength(top, factor),
      right: scaleLength(right, factor),
      bottom: scaleLength(bottom, factor),
      left: scaleLength(left, factor),
    }),
  };
}

/** Returns an area with sides around it, each rounded. Percents are of the longer side of `size`. */
export function addSides({ top, right, bottom, left }: Sides, area: Area, { widthPx, heightPx }: Size): Area {
  const [above, after, below, before] = [top, right, bottom, left].map((side) =>
    Math.round(toPx(side, Math.max(widthPx, heightPx))),
  ) as [number, number, number, number];
  return {
    leftPx: area.leftPx - before,
    topPx: area.topPx - above,
    widthPx: area.widthPx + before + after,
    heightPx: area.heightPx + above + below,
  };
}

/** Whether one of the sides is above 0. */
export function hasSides(given: Sides): boolean {
  return Object.values(given).some(({ value }: Length) => value > 0);
}

import type { Area, Size } from "./length.ts";

/** The places of a smaller picture along the sides of a larger one, and its corners. */
export const gravities = [
  "center",
  "top",
  "bottom",
  "left",
  "right",
  "top_left",
  "top_right",
  "bottom_left",
  "bottom_right",
] as const;

/** One of these places. */
export type Gravity = (typeof gravities)[number];

/** Returns the area of a smaller size in a larger one. The smaller half of an odd distance lies to the left, and above. */
export function placeInside(gravity: Gravity, inner: Size, outer: Size): Area {
  const words = gravity.split("_");
  const distance = (slackPx: number, start: string, end: string) => {
    if (words.includes(start)) return 0;
    return words.includes(end) ? slackPx : Math.floor(slackPx / 2);
  };
  return {
    ...inner,
    leftPx: distance(outer.widthPx - inner.widthPx, "left", "right"),
    topPx: distance(outer.heightPx - inner.heightPx, "top", "bottom"),
  };
}

/** Returns the area of a larger size around a smaller area, which lies there by gravity. */
export function placeAround(gravity: Gravity, inner: Area, outer: Size): Area {
  const { leftPx, topPx } = placeInside(gravity, inner, outer);
  return { ...outer, leftPx: inner.leftPx - leftPx, topPx: inner.topPx - topPx };
}

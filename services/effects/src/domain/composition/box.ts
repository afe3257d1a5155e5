import { expected } from "@pixelmesh/errors";
import { type Parameter, splitList, text } from "../catalogue/parameters.ts";
import { type Area, type Length, lengthForm, lengthPattern, type Size, scaleLength, toLength, toPx } from "./length.ts";

/** A box in px and percents of the picture. */
export type Box = {
  readonly left: Length;
  readonly top: Length;
  readonly width: Length;
  readonly height: Length;
  /** The text that gave it. */
  readonly given: string;
  /** How far it may lie beside the picture. */
  readonly tolerancePx: number;
};

/**
 * How far, in pixels, a box may lie beside a picture that was shrunk for a preview: the sides of the picture were rounded, as were those of each effect
 * before this one.
 */
const previewTolerancePx = 2;

/** A box as the text `left top width height`; the last two are above 0. */
export function box({ description, byDefault }: { description: string; byDefault: string }): Parameter<Box> {
  const form = `left, top, width, height with spaces or commas between, each ${lengthForm}; the last two above 0`;
  const pattern = `^${lengthPattern}([ ,]+${lengthPattern}){3}$`;
  return {
    ...text({ description, form, pattern, byDefault }, (given) => {
      const [left, top, width, height] = splitList(given).map(toLength) as [Length, Length, Length, Length];
      return width.value > 0 && height.value > 0 ? { left, top, width, height, given, tolerancePx: 0 } : undefined;
    }),
    atScale: ({ left, top, width, height, given }, factor) => ({
      left: scaleLength(left, factor),
      top: scaleLength(top, factor),
      width: scaleLength(width, factor),
      height: scaleLength(height, factor),
      given,
      tolerancePx: factor < 1 ? previewTolerancePx : 0,
    }),
  };
}

/**
 * Returns the part of a picture inside a box: its edges rounded to whole pixels, at least one pixel. Throws INVALID_ARGUMENT for a box beside the
 * picture; `parameter` names the box.
 */
export function areaOfBox(given: Box, size: Size, parameter: string): Area {
  const across = spanOf(given.left, given.width, size.widthPx, given.tolerancePx);
  const down = spanOf(given.top, given.height, size.heightPx, given.tolerancePx);
  if (across === undefined || down === undefined) {
    const form = `a box that has a part of the picture of ${size.widthPx}x${size.heightPx} px`;
    throw expected(parameter, form, given.given);
  }
  return { leftPx: across.start, topPx: down.start, widthPx: across.length, heightPx: down.length };
}

/** The whole pixels of a side between the edges of a span; undefined for a span beside it. */
function spanOf(start: Length, length: Length, sidePx: number, tolerancePx: number) {
  const from = toPx(start, sidePx);
  const to = from + toPx(length, sidePx);
  if (from >= sidePx + tolerancePx) return undefined;
  const first = Math.min(Math.round(from), sidePx);
  const end = Math.min(Math.round(to), sidePx);
  // A span within one pixel is that pixel.
  if (end <= first) return { start: Math.min(Math.floor(from), sidePx - 1), length: 1 };
  return { start: first, length: end - first };
}

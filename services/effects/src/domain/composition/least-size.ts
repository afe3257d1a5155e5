import { type Parameter, text } from "../catalogue/parameters.ts";
import type { Size } from "./length.ts";

/** A size `WxH` in px; scaled ones have fractions. */
export function leastSize({ description, byDefault }: { description: string; byDefault: string }): Parameter<Size> {
  const one = "[1-9][0-9]{0,4}";
  const form = "WxH in px, such as `1000x1000`";
  return {
    ...text({ description, form, pattern: `^${one}x${one}$`, byDefault }, (given) => {
      const [widthPx, heightPx] = given.split("x").map(Number) as [number, number];
      return { widthPx, heightPx };
    }),
    atScale: ({ widthPx, heightPx }, factor) => ({ widthPx: widthPx * factor, heightPx: heightPx * factor }),
  };
}

/** Returns a size with at least the sides of another one, rounded. */
export function enlargeTo(least: Size, { widthPx, heightPx }: Size): Size {
  return {
    widthPx: Math.max(Math.round(least.widthPx), widthPx),
    heightPx: Math.max(Math.round(least.heightPx), heightPx),
  };
}

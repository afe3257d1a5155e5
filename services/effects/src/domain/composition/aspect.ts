import { type Parameter, text } from "../catalogue/parameters.ts";
import type { Size } from "./length.ts";

/** The shape of a picture: its width for each pixel of height. */
export type Aspect = number;

/** An aspect `W:H`, such as `16:9` or `1.91:1`. */
export function aspect({ description, byDefault }: { description: string; byDefault: string }): Parameter<Aspect> {
  const one = "[0-9]{1,5}(\\.[0-9]{1,4})?";
  const form = "W:H with numbers above 0, such as `16:9` or `1.91:1`";
  return text({ description, form, pattern: `^${one}:${one}$`, byDefault }, (given) => {
    const [width, height] = given.split(":").map(Number) as [number, number];
    return width > 0 && height > 0 ? width / height : undefined;
  });
}

/** Returns the largest size of an aspect inside another size: one side as it is, the other rounded and at least 1. */
export function largestInside(given: Aspect, { widthPx, heightPx }: Size): Size {
  if (widthPx > heightPx * given) return { widthPx: clamp(heightPx * given, 1, widthPx), heightPx };
  return { widthPx, heightPx: clamp(widthPx / given, 1, heightPx) };
}

/** Returns the smallest size of an aspect around another size: one side as it is, the other rounded. */
export function smallestAround(given: Aspect, { widthPx, heightPx }: Size): Size {
  if (widthPx < heightPx * given) return { widthPx: clamp(heightPx * given, widthPx), heightPx };
  return { widthPx, heightPx: clamp(widthPx / given, heightPx) };
}

function clamp(value: number, least: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.max(Math.round(value), least), most);
}

import type { RowShape } from "../rows/rows.ts";

/** A length in px or in percent of a side. */
export type Length = { readonly value: number; readonly unit: "px" | "%" };

/** Width and height in pixels. */
export type Size = Pick<RowShape, "widthPx" | "heightPx">;

/** A rectangle in the coordinates of a picture, whose top left corner is at 0, 0. It may reach beyond the picture. */
export type Area = Size & { readonly leftPx: number; readonly topPx: number };

/** The regular expression of a length: `120` (px) or `12.5%`. */
export const lengthPattern = "([0-9]{1,5}|[0-9]{1,3}(\\.[0-9]{1,2})?%)";

/** What the texts of lengths are, for people. */
export const lengthForm = "`120` (px) or `10%`";

/** Returns the length of a text that matches `lengthPattern`. */
export function toLength(text: string): Length {
  return { value: Number.parseFloat(text), unit: text.endsWith("%") ? "%" : "px" };
}

/** Returns a length in pixels, with its fraction. Percents are of `wholePx`. */
export function toPx({ value, unit }: Length, wholePx: number): number {
  return unit === "px" ? value : (value * wholePx) / 100;
}

/** Returns a length for a picture that was shrunk by `factor`. */
export function scaleLength({ value, unit }: Length, factor: number): Length {
  return { value: unit === "px" ? value * factor : value, unit };
}

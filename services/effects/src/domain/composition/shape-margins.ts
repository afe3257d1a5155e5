import type { RowShape } from "../rows/rows.ts";

/** Columns and rows that a canvas has beyond each side of a picture. */
export type ShapeMargins = {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

/** No margins. */
export const noMargins: ShapeMargins = { left: 0, right: 0, top: 0, bottom: 0 };

/** Returns the shape of a picture with margins. They are transparent, so it has alpha if there are any. */
export function withMargins(shape: RowShape, { left, right, top, bottom }: ShapeMargins): RowShape {
  const isWider = left + right + top + bottom > 0;
  return {
    widthPx: shape.widthPx + left + right,
    heightPx: shape.heightPx + top + bottom,
    channels: isWider ? 4 : shape.channels,
  };
}

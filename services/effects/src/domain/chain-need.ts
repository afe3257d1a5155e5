import type { Shape } from "@pixelmesh/imaging";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { floatPictureBytes } from "./picture/float-picture.ts";
import { chainShape } from "./picture/picture-rows.ts";
import type { RowShape } from "./rows/rows.ts";

/** What a chain needs for a picture. */
export type ChainNeed = {
  /** The shape of the result, or the largest one where the picture's content decides it. */
  readonly result: RowShape;
  /** The shapes after each effect; the largest ones. */
  readonly shapes: readonly RowShape[];
  /** Memory of kernels and stages, in bytes. */
  readonly workBytes: number;
  /** The bytes of each picture that it puts into the frame store besides its result. */
  readonly pictureBytes: readonly number[];
};

/** Memory of the strips of a chain for each pixel of width, in bytes. */
const stripBytesPerColumn = 10 * 1024;

/** Returns the shapes and the memory of a chain for a picture of this shape. */
export function chainNeed(effects: readonly ParsedEffect[], picture: Shape): ChainNeed {
  let shape = chainShape(picture);
  let workBytes = 0;
  let widestPx = shape.widthPx;
  const shapes: RowShape[] = [];
  const pictureBytes: number[] = [];
  for (const [index, { work }] of effects.entries()) {
    if (work.needsPicture && index > 0) pictureBytes.push(floatPictureBytes(shape));
    const memory = work.memory(shape);
    workBytes += memory.workBytes;
    pictureBytes.push(...memory.pictureBytes);
    shape = work.resultShape(shape);
    shapes.push(shape);
    widestPx = Math.max(widestPx, shape.widthPx);
  }
  return { result: shape, shapes, workBytes: workBytes + widestPx * stripBytesPerColumn, pictureBytes };
}

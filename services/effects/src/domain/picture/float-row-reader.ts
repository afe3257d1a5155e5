import type { Pace } from "@pixelmesh/lifecycle";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { rowBytes } from "../rows/rows.ts";
import { createRowReader, type PictureRows } from "./picture-rows.ts";

/** Reads rows of a picture as floats. */
export type FloatRowReader = {
  /** Writes `count` rows from `top` on to an address, in the channels of the picture's shape. */
  read(top: number, count: number, to: number): Promise<void>;
};

// Rows in the picture's own format are held only a few at a time.
const maxRows = 16;

// Copies of a pixel cost a small part of an effect's work on it.
const copyShare = 1 / 8;

/** Creates a reader of any number of rows. */
export function createFloatRowReader(space: KernelSpace, picture: PictureRows, pace: Pace): FloatRowReader {
  const { shape, format } = picture;
  const { bytesToFloats } = space.kernels;
  const reader = createRowReader(space, picture, Math.min(maxRows, shape.heightPx));
  const stride = rowBytes(shape, "floats");
  return {
    async read(top, count, to) {
      for (let y = 0; y < count; y += maxRows) {
        const part = Math.min(maxRows, count - y);
        const from = await reader.read(top + y, part);
        const place = to + y * stride;
        if (format === "bytes") bytesToFloats(from, part * shape.widthPx * shape.channels, place);
        else space.bytes(place, part * stride).set(space.bytes(from, part * stride));
        await pace(part * shape.widthPx * copyShare);
      }
    },
  };
}

import { type CreateStage, rowBytes } from "../rows/rows.ts";
import { createRowReader, type PictureRows } from "./picture-rows.ts";
import type { PrepareContext } from "./prepared-effect.ts";

/** Rows that are read together, so that little memory is needed for wide pictures. */
const maxRows = 16;

/**
 * Returns a picture whose rows are those of another one, each changed on its own by a stage as they are read. The stage emits one row for each that it
 * takes, of the same shape. Both have the same format. One read at a time.
 */
export function mapPictureRows(
  picture: PictureRows,
  createStage: CreateStage,
  { space, pace }: Pick<PrepareContext, "space" | "pace">,
): PictureRows {
  const { shape, format } = picture;
  const stride = rowBytes(shape, format);
  const reader = createRowReader(space, picture, maxRows);
  const row = space.allocate(stride);
  const stage = createStage({ space, shape, from: format, to: format }, { place: () => row, emit() {} });
  return {
    shape,
    format,
    channels: shape.channels,
    async readRows(top, count) {
      const rows = new Uint8Array(count * stride);
      for (let y = 0; y < count; y += maxRows) {
        const part = Math.min(maxRows, count - y);
        const from = await reader.read(top + y, part);
        for (let i = 0; i < part; i++) {
          stage.push(from + i * stride);
          rows.set(space.bytes(row, stride), (y + i) * stride);
          await pace(shape.widthPx);
        }
      }
      return rows;
    },
  };
}

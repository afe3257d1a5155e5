import { type RowFormat, type RowShape, sampleBytes } from "../rows/rows.ts";
import type { PictureRows } from "./picture-rows.ts";

/** Pictures that are made band by band: bands of `bandRows` rows, of which the last one may have fewer. */
export type Bands = {
  readonly shape: Pick<RowShape, "widthPx" | "heightPx">;
  readonly format: RowFormat;
  readonly channels: number;
  readonly bandRows: number;
  /** Makes the band with this index. The bytes are valid until the next call. */
  readonly make: (index: number) => Promise<Uint8Array>;
};

/** Returns the function that reads rows of such a picture. The last band is kept, so that reading in order makes each once. One read at a time. */
export function readBands({ shape, format, channels, bandRows, make }: Bands): PictureRows["readRows"] {
  const stride = shape.widthPx * channels * sampleBytes(format);
  let held = -1;
  let band: Uint8Array = new Uint8Array();
  return async (top, count) => {
    const rows = new Uint8Array(count * stride);
    const end = top + count;
    for (let y = top; y < end; ) {
      const index = Math.floor(y / bandRows);
      if (index !== held) {
        held = -1;
        band = await make(index);
        held = index;
      }
      const above = index * bandRows;
      const next = Math.min(end, above + bandRows);
      rows.set(band.subarray((y - above) * stride, (next - above) * stride), (y - top) * stride);
      y = next;
    }
    return rows;
  };
}

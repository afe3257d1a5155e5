import type { RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";

/** Pixels that are joined at once. */
const blockPixels = 65_536;

/**
 * Returns a sink for colours that joins them with an alpha: one value for all, or that of a picture of the same size. The sink
 * behind it has one channel more.
 */
export function joinAlpha(sink: RowSink, alpha: RowSource | number, signal?: AbortSignal): RowSink {
  const { widthPx, heightPx } = sink;
  const colors = sink.channels - 1;
  const pace = createPace(signal);
  const step = Math.max(1, Math.floor(blockPixels / widthPx));
  return {
    widthPx,
    heightPx,
    channels: colors === 1 ? 1 : 3,
    async writeRows(y, rows) {
      const count = rows.length / widthPx / colors;
      for (let row = 0; row < count; row += step) {
        const height = Math.min(step, count - row);
        const values = typeof alpha === "number" ? alpha : await alpha.readRows(y + row, height);
        const block = rows.subarray(row * widthPx * colors, (row + height) * widthPx * colors);
        await sink.writeRows(y + row, interleave(block, values, colors));
        await pace(height * widthPx);
      }
    },
  };
}

function interleave(colors: Uint8Array, alpha: Uint8Array | number, channels: number): Uint8Array {
  const pixels = colors.length / channels;
  const out = new Uint8Array(colors.length + pixels);
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) out[to++] = colors[from++] as number;
    out[to++] = typeof alpha === "number" ? alpha : (alpha[pixel] as number);
  }
  return out;
}

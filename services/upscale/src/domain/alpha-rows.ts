import type { RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { openKernelSpace } from "../kernels/kernel-space.ts";

/** Pixels that are joined at once. */
const blockPixels = 65_536;

/** About 1 ms, at 2 ms a megapixel. */
const pixelsPerTurn = 524_288;

/** Returns the unchanged colours of a picture with alpha. */
export function dropAlpha(source: RowSource): RowSource {
  return pickChannels(source, 0, source.channels - 1);
}

/** Returns the alpha of a picture that has one, as a grey picture. */
export function alphaOf(source: RowSource): RowSource {
  return pickChannels(source, source.channels - 1, 1);
}

/**
 * Returns a sink for colours that joins them with an alpha: one value for all, or that of a picture of the same size. The sink
 * behind it has one channel more. Throws OUT_OF_MEMORY.
 */
export function joinAlpha(sink: RowSink, alpha: RowSource | number, signal?: AbortSignal): RowSink {
  const { widthPx, heightPx, channels } = sink;
  const stride = widthPx * (channels - 1);
  const pace = createPace(signal, pixelsPerTurn);
  const step = Math.min(heightPx, Math.max(1, Math.floor(blockPixels / widthPx)));
  // Closed after the last row. After a failure it is not used again, because rows could still arrive.
  const space = openKernelSpace();
  const [colors, values] = [space.allocate(step * stride), space.allocate(step * widthPx)];
  const joined = space.allocate(step * widthPx * channels);
  if (typeof alpha === "number") space.bytes(values, step * widthPx).fill(alpha);

  async function writeBlock(y: number, rows: Uint8Array): Promise<void> {
    const count = rows.length / stride;
    if (typeof alpha !== "number") space.write(values, await alpha.readRows(y, count));
    space.write(colors, rows);
    space.kernels.joinLast(colors, values, count * widthPx, channels, joined);
    await sink.writeRows(y, space.bytes(joined, count * widthPx * channels));
    await pace(count * widthPx);
  }

  return {
    widthPx,
    heightPx,
    channels: channels === 2 ? 1 : 3,
    async writeRows(y, rows) {
      for (let row = 0; row * stride < rows.length; row += step) {
        await writeBlock(y + row, rows.subarray(row * stride, (row + step) * stride));
      }
      if (y + rows.length / stride === heightPx) space.close();
    },
  };
}

function pickChannels(source: RowSource, first: number, count: number): RowSource {
  const { widthPx, heightPx, channels } = source;
  return {
    widthPx,
    heightPx,
    channels: count === 1 ? 1 : 3,
    async readRows(y, rowCount) {
      const rows = await source.readRows(y, rowCount);
      const out = new Uint8Array((rows.length / channels) * count);
      for (let from = first, to = 0; from < rows.length; from += channels) {
        for (let channel = 0; channel < count; channel++) out[to++] = rows[from + channel] as number;
      }
      return out;
    },
  };
}

import { crc32, deflateRawSync } from "node:zlib";
import { imagingThreads } from "../../engine/engine.ts";
import { toPlainBytes } from "../../engine/raw-pixels.ts";
import type { Channels, Frame } from "../../frames/frame.ts";
import { pngChunk } from "../../structure/png.ts";
import { createBandDeflater, lastBlock, runsOnly, zlibHeader } from "./deflate-bands.ts";
import { type RowFilter, withRowFilter } from "./filter-kernels.ts";

const colorTypes: Readonly<Record<Channels, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };
/** Rows that are filtered and deflated at once, and those of a sample. */
const bandBytes = 512 * 1024;
const sampleBytes = 32 * 1024;
/** Below this size libvips takes a few milliseconds. */
const leastBytes = 512 * 1024;
/** More threads would wait for the one that filters. */
const mostThreads = 4;
/** So many more bytes than with all repetition are worth half of the processor time or less. */
const mostGrowth = 1.05;

/**
 * Encodes a frame as PNG: filters are chosen with vector instructions, only runs are compressed, and bands of rows are deflated in as many threads as
 * libvips has (four at most). Returns undefined for a picture that this would make more than 5 % larger, such as one of repeated patterns, and for a small
 * one.
 */
export async function encodeRunsPng(frame: Frame): Promise<Uint8Array | undefined> {
  if (frame.data.length < leastBytes) return undefined;
  const stride = frame.widthPx * frame.channels;
  const rowsAtOnce = Math.max(1, Math.floor(bandBytes / stride));
  // One for the band that this thread filters meanwhile.
  const slots = 1 + Math.min(mostThreads, imagingThreads());
  const shape = { stride, pixelBytes: frame.channels, rowsAtOnce, slots };
  return withRowFilter(shape, async (filter) => {
    if (!hasRunsOnly(frame, filter)) return undefined;
    // The samples left the last of their rows as the one above.
    filter.restart();
    return encode(frame, filter, { rowsAtOnce, slots });
  });
}

/** Whether three samples become hardly larger if only their runs are compressed. */
function hasRunsOnly({ data, widthPx, heightPx, channels }: Frame, filter: RowFilter): boolean {
  const stride = widthPx * channels;
  const count = Math.min(heightPx, Math.max(1, Math.floor(sampleBytes / stride)));
  let [withRuns, withAll] = [0, 0];
  for (const part of [0.2, 0.5, 0.8]) {
    const top = Math.min(heightPx - count, Math.floor(part * heightPx));
    const sample = filter.filter(data.subarray(top * stride, (top + count) * stride), count);
    withRuns += deflateRawSync(sample, runsOnly).length;
    withAll += deflateRawSync(sample, { level: 3, memLevel: 9 }).length;
  }
  return withRuns <= mostGrowth * withAll;
}

async function encode(
  { data, widthPx, heightPx, channels }: Frame,
  filter: RowFilter,
  { rowsAtOnce, slots }: { readonly rowsAtOnce: number; readonly slots: number },
): Promise<Uint8Array> {
  const stride = widthPx * channels;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([8, colorTypes[channels], 0, 0, 0], 8);
  const deflater = createBandDeflater(slots, bandBytes);
  let checksum = 1;
  let bands: readonly Uint8Array[];
  try {
    for (let y = 0; y < heightPx; y += rowsAtOnce) {
      await deflater.whenFree();
      const count = Math.min(rowsAtOnce, heightPx - y);
      const filtered = filter.filter(data.subarray(y * stride, (y + count) * stride), count, deflater.slot());
      checksum = filter.adler32(checksum, filtered);
      deflater.push(filtered);
    }
    bands = await deflater.results();
  } finally {
    // The memory of the filter is used again.
    await deflater.ended();
  }
  const end = Buffer.alloc(lastBlock.length + 4);
  end.set(lastBlock);
  end.writeUInt32BE(checksum, lastBlock.length);
  return toPlainBytes(
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      pngChunk("IHDR", header),
      pngChunk("IDAT", zlibHeader),
      ...bands.flatMap((band) => chunkParts("IDAT", band)),
      pngChunk("IDAT", end),
      pngChunk("IEND", new Uint8Array(0)),
    ]),
  );
}

/** Returns a chunk without a copy of its data. */
function chunkParts(type: string, data: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length, 0);
  head.write(type, 4, "latin1");
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(data, crc32(head.subarray(4))), 0);
  return [head, data, check];
}

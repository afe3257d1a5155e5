import { deflateRawSync } from "node:zlib";
import { createPace } from "@pixelmesh/lifecycle";
import type { Channels } from "../../frames/frame.ts";
import type { RowSource } from "../../frames/rows.ts";
import { pngChunk } from "../../structure/png.ts";
import { lastBlock, openRowFilter } from "./filter-kernels.ts";

const colorTypes: Readonly<Record<Channels, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };
/** Rows that are filtered and deflated at once, and those of a sample. */
const bandBytes = 512 * 1024;
const sampleBytes = 32 * 1024;
/** A turn of the event loop has half of the work on a band, about 0.4 ms: bytes are sent meanwhile, for which the network wants many short turns. */
const turnBytes = bandBytes / 2;
/** Below this size libvips takes a few milliseconds. */
const leastBytes = 512 * 1024;
/** So many more bytes than with all repetition are worth a quarter of the processor time or less. */
const mostGrowth = 1.05;
/** zlib's header for a stream of a fast level and a window of 32 KiB (RFC 1950, clause 2.2). */
const zlibHeader = Uint8Array.of(0x78, 0x5e);

/**
 * Whether `runsPngParts` is the way to encode a picture: not for a picture that it would make more than 5 % larger than all repetition does, such as one of
 * repeated patterns, and not for a small one. Judged by three samples.
 */
export async function suitsRunsPng(source: RowSource): Promise<boolean> {
  const { widthPx, heightPx, channels } = source;
  const stride = widthPx * channels;
  if (stride * heightPx < leastBytes) return false;
  const count = Math.min(heightPx, Math.max(1, Math.floor(sampleBytes / stride)));
  const filter = openRowFilter({ stride, pixelBytes: channels, rowsAtOnce: count });
  try {
    let [withRuns, withAll] = [0, 0];
    for (const part of [0.2, 0.5, 0.8]) {
      const top = Math.min(heightPx - count, Math.floor(part * heightPx));
      const sample = filter.filter(await source.readRows(top, count), count);
      withRuns += filter.deflate(sample).length;
      withAll += deflateRawSync(sample, { level: 3, memLevel: 9 }).length;
    }
    return withRuns <= mostGrowth * withAll;
  } finally {
    filter.close();
  }
}

/**
 * Encodes a picture as PNG and yields its bytes in parts, each with memory of its own: filters are chosen with vector instructions, and only runs are compressed,
 * band by band, in turns of the event loop.
 */
export async function* runsPngParts(source: RowSource): AsyncGenerator<Uint8Array, void, undefined> {
  const { widthPx, heightPx, channels } = source;
  const stride = widthPx * channels;
  const rowsAtOnce = Math.max(1, Math.min(heightPx, Math.floor(bandBytes / stride)));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([8, colorTypes[channels], 0, 0, 0], 8);
  yield Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("IDAT", zlibHeader),
  ]);
  const pace = createPace(undefined, turnBytes);
  const filter = openRowFilter({ stride, pixelBytes: channels, rowsAtOnce });
  try {
    let checksum = 1;
    const spare = new Uint8Array(rowsAtOnce * stride);
    for (let y = 0; y < heightPx; y += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, heightPx - y);
      const filtered = filter.filter(await source.readRows(y, count, spare.subarray(0, count * stride)), count);
      checksum = filter.adler32(checksum, filtered);
      await pace(filtered.length);
      yield pngChunk("IDAT", filter.deflate(filtered));
      await pace(filtered.length);
    }
    const end = Buffer.alloc(lastBlock.length + 4);
    end.set(lastBlock);
    end.writeUInt32BE(checksum, lastBlock.length);
    yield Buffer.concat([pngChunk("IDAT", end), pngChunk("IEND", new Uint8Array(0))]);
  } finally {
    filter.close();
  }
}

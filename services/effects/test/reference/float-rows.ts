import type { RowSink, RowSource } from "@pixelmesh/imaging";
import type { Row } from "./rows.ts";

// Large enough to make the cost of a read or write small, and small enough to keep a strip in the cache.
const stripSamples = 512 * 1_024;

const unitOf = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** Yields the rows of a picture as floats from 0 to 1, grey spread over three channels. One buffer is reused for all rows. */
export async function* readFloatRows(source: RowSource, channels: 3 | 4): AsyncIterable<Row> {
  const { widthPx, heightPx } = source;
  const stride = widthPx * source.channels;
  const rowsPerRead = Math.max(1, Math.floor(stripSamples / stride));
  const fill = source.channels < 3 ? fillFromGrey : fillFromColor;
  const row = new Float32Array(widthPx * channels);
  for (let top = 0; top < heightPx; top += rowsPerRead) {
    const count = Math.min(rowsPerRead, heightPx - top);
    const strip = await source.readRows(top, count);
    for (let i = 0; i < count; i++) {
      fill(row, strip.subarray(i * stride, (i + 1) * stride), source.channels);
      yield row;
    }
  }
}

function fillFromColor(row: Row, bytes: Uint8Array): void {
  for (let i = 0; i < row.length; i++) row[i] = unitOf[bytes[i] as number] as number;
}

function fillFromGrey(row: Row, bytes: Uint8Array, channels: number): void {
  let to = 0;
  for (let from = 0; from < bytes.length; from += channels) {
    const grey = unitOf[bytes[from] as number] as number;
    row[to++] = grey;
    row[to++] = grey;
    row[to++] = grey;
    if (channels === 2) row[to++] = unitOf[bytes[from + 1] as number] as number;
  }
}

/** Rounds rows to 8 bit, halves upwards, and writes them in strips. Calls `onRows` with the number of written rows. */
export async function writeFloatRows(
  rows: AsyncIterable<Row>,
  sink: RowSink,
  onRows: (doneRows: number) => void,
): Promise<void> {
  const stride = sink.widthPx * sink.channels;
  const strip = new Uint8ClampedArray(Math.min(sink.heightPx, Math.max(1, Math.floor(stripSamples / stride))) * stride);
  let filled = 0;
  let top = 0;
  const flush = async () => {
    await sink.writeRows(top, new Uint8Array(strip.buffer, 0, filled));
    top += filled / stride;
    filled = 0;
    onRows(top);
  };
  for await (const row of rows) {
    for (let i = 0; i < stride; i++) strip[filled + i] = Math.floor((row[i] as number) * 255 + 0.5);
    filled += stride;
    if (filled === strip.length) await flush();
  }
  if (filled > 0) await flush();
}

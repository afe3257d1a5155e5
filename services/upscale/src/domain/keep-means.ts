import type { RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { openKernelSpace } from "../kernels/kernel-space.ts";
import { createCellMeans } from "./means/cell-means.ts";
import { createChange } from "./means/change.ts";
import { createGains } from "./means/gains.ts";

/** Rows of the source that are read at once, because a source that computes its rows computes more than are requested. */
const rowsPerRead = 64;

/** About 4 ms if all pixels are changed, at 8 ms a megapixel. */
const pixelsPerTurn = 524_288;

/** Options of `keepMeans`. */
export type KeepMeansOptions = {
  /** The source's alpha. Pixels of alpha 0 count for no mean, because their colours are invisible. */
  readonly alpha?: RowSource | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Returns a sink for an enlargement of `source` (grey or RGB) that restores the source's local means: it corrects fine patterns
 * that a model made darker or lighter. Where means are off by at most one level, pixels stay bit-identical. Holds about 100 rows
 * of the source, and the rows of the enlargement for half of them. Throws OUT_OF_MEMORY.
 */
export function keepMeans(sink: RowSink, source: RowSource, { alpha, signal }: KeepMeansOptions = {}): RowSink {
  const { widthPx, heightPx, channels } = sink;
  const stride = widthPx * channels;
  const pace = createPace(signal, pixelsPerTurn);
  const rowsPerTurn = Math.max(1, Math.floor(pixelsPerTurn / widthPx));
  // Closed after the last row. After a failure it is not used again, because rows could still arrive.
  const space = openKernelSpace();
  const cells = createCellMeans(space, sink, source, channels);
  const gains = createGains(space, source, alpha !== undefined);
  const change = createChange(space, sink, source, channels, gains.read);
  const readSource = createBlockReader(source);
  const readAlpha = alpha && createBlockReader(alpha);
  const waiting: { y: number; rows: Uint8Array }[] = [];
  let sourceRow = 0;

  /** Corrects and passes on the rows whose gains are known. */
  async function flush(): Promise<void> {
    const known = gains.known();
    for (let first = waiting[0]; first; first = waiting[0]) {
      const { y, rows } = first;
      const count = Math.min(rowsPerTurn, rows.length / stride);
      let ready = 0;
      for (; ready < count && change.lastRow(y + ready) < known; ready++) {
        change.apply(y + ready, rows, ready * stride);
      }
      if (ready === 0) return;
      await sink.writeRows(y, rows.subarray(0, ready * stride));
      if (ready * stride === rows.length) waiting.shift();
      else waiting[0] = { y: y + ready, rows: rows.subarray(ready * stride) };
      await pace(ready * widthPx);
    }
  }

  /** Returns the rows in memory where they can wait: the sink's own if it has some, else a copy. */
  function keep(y: number, rows: Uint8Array): Uint8Array {
    const own = sink.memoryAhead?.(y, rows.length / stride);
    if (own === undefined) return rows.slice();
    if (own.buffer !== rows.buffer || own.byteOffset !== rows.byteOffset) own.set(rows);
    return own;
  }

  return {
    widthPx,
    heightPx,
    channels,
    ...(sink.memoryAhead ? { memoryFor: (y: number, count: number) => sink.memoryAhead?.(y, count) } : {}),
    async writeRows(y, rows) {
      const kept = keep(y, rows);
      const count = kept.length / stride;
      for (let row = 0, from = 0; row < count; ) {
        const next = Math.min(count, row + cells.wanted());
        const isComplete = cells.push(kept.subarray(row * stride, next * stride));
        await pace((next - row) * widthPx);
        row = next;
        if (!isComplete && row < count) continue;
        waiting.push({ y: y + from, rows: kept.subarray(from * stride, row * stride) });
        from = row;
        if (isComplete) {
          const [pixels, visible] = [await readSource(sourceRow), await readAlpha?.(sourceRow)];
          gains.push({ pixels, alpha: visible, writeMeans: cells.take });
          sourceRow += 1;
        }
        await flush();
      }
      if (y + count === heightPx) space.close();
    },
  };
}

function createBlockReader({ widthPx, heightPx, channels, readRows }: RowSource): (y: number) => Promise<Uint8Array> {
  const stride = widthPx * channels;
  const block = new Uint8Array(Math.min(rowsPerRead, heightPx) * stride);
  let [top, end] = [0, 0];
  return async (y) => {
    if (y < top || y >= end) {
      [top, end] = [y, Math.min(heightPx, y + rowsPerRead)];
      block.set(await readRows(top, end - top));
    }
    return block.subarray((y - top) * stride, (y - top + 1) * stride);
  };
}

import type { RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { createCellMeans } from "./means/cell-means.ts";
import { createChange } from "./means/change.ts";
import { createGains } from "./means/gains.ts";
import { createInterpolation, mixRows } from "./means/interpolate.ts";
import { createRowMemory, createRowRing } from "./means/row-ring.ts";

/** Rows of the source that are read at once, because a source that computes its rows computes more than are requested. */
const rowsPerRead = 64;

/** About 5 ms if all pixels are changed, at 20 ms a megapixel. */
const pixelsPerTurn = 262_144;

/** Options of `keepMeans`. */
export type KeepMeansOptions = {
  /** The source's alpha. Pixels of alpha 0 count for no mean, because their colours are invisible. */
  readonly alpha?: RowSource | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Returns memory, with any content, that stays valid until the sink's last row. Default: new memory. */
  readonly newMemory?: (bytes: number) => Uint8Array;
};

/**
 * Returns a sink for an enlargement of `source` (grey or RGB) that restores the source's local means: it corrects fine patterns
 * that a model made darker or lighter. Where means are off by at most one level, pixels stay bit-identical. Holds about 100 rows
 * of the source, and the rows of the enlargement for half of them.
 */
export function keepMeans(
  sink: RowSink,
  source: RowSource,
  { alpha, signal, newMemory = (bytes) => new Uint8Array(bytes) }: KeepMeansOptions = {},
): RowSink {
  const { widthPx, heightPx, channels } = sink;
  const stride = widthPx * channels;
  const samples = source.widthPx * channels;
  const pace = createPace(signal, pixelsPerTurn);
  const cells = createCellMeans(sink, source, channels);
  const newRow = createRowMemory(newMemory);
  const gains = createGains(source, newRow);
  const readSource = createBlockReader(source);
  const readAlpha = alpha && createBlockReader(alpha);
  const down = createInterpolation(heightPx, source.heightPx);
  const changes = createRowRing({ size: 3, samples: 2 * samples, newRow }, (y, row) => gains.read(y, row));
  const between = new Float32Array(2 * samples);
  const change = createChange(widthPx, source.widthPx, channels);
  const waiting: { y: number; rows: Uint8Array }[] = [];
  let sourceRow = 0;

  function correctRow(y: number, row: Uint8Array): void {
    const [upper, lower] = [down.from[y] as number, down.to[y] as number];
    if (changes.unlessZero(upper) === undefined && changes.unlessZero(lower) === undefined) return;
    if (mixRows(changes.at(upper), changes.at(lower), down.share[y] as number, between)) change(row, between);
  }

  /** Corrects and passes on the rows whose gains are known. */
  async function flush(): Promise<void> {
    const known = gains.known();
    for (let first = waiting[0]; first; first = waiting[0]) {
      const { y, rows } = first;
      let ready = 0;
      for (; ready * stride < rows.length && (down.to[y + ready] as number) < known; ready++) {
        correctRow(y + ready, rows.subarray(ready * stride, (ready + 1) * stride));
      }
      if (ready === 0) return;
      await sink.writeRows(y, rows.subarray(0, ready * stride));
      if (ready * stride === rows.length) waiting.shift();
      else waiting[0] = { y: y + ready, rows: rows.subarray(ready * stride) };
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
        const means = cells.push(kept.subarray(row * stride, next * stride));
        await pace((next - row) * widthPx);
        row = next;
        if (means === undefined && row < count) continue;
        waiting.push({ y: y + from, rows: kept.subarray(from * stride, row * stride) });
        from = row;
        if (means) gains.push(await readSource(sourceRow), means, await readAlpha?.(sourceRow));
        if (means) sourceRow += 1;
        await flush();
      }
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

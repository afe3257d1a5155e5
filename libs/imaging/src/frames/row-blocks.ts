import type { RowSink, RowSource } from "./rows.ts";

const blockBytes = 4_000_000;

/** Yields a source's rows from top to bottom, a few megabytes at a time. */
export async function* readBlocks(
  source: RowSource,
): AsyncGenerator<{ readonly y: number; readonly rows: Uint8Array }> {
  const step = Math.max(1, Math.floor(blockBytes / (source.widthPx * source.channels)));
  for (let y = 0; y < source.heightPx; y += step) {
    yield { y, rows: await source.readRows(y, Math.min(step, source.heightPx - y)) };
  }
}

/** Copies all rows of a source to a sink. */
export async function copyRows(source: RowSource, sink: RowSink, signal?: AbortSignal): Promise<void> {
  for await (const { y, rows } of readBlocks(source)) {
    signal?.throwIfAborted();
    await sink.writeRows(y, rows);
  }
}

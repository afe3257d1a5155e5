import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Row, type RowFormat, type RowShape, type RowTarget, rowBytes } from "./rows.ts";

/** What takes rows: in order, without gaps. */
export type QueueSink = { writeRows(top: number, rows: Uint8Array): Promise<void> };

/** Finished rows that are written to a sink together. */
export type RowQueue = RowTarget & {
  /** Rows that wait. */
  waiting(): number;
  /** Writes all of them. Resolves to the number of rows written since the start. */
  flush(sink: QueueSink): Promise<number>;
};

/** Creates a queue for at most `maxRows` rows. */
export function createRowQueue(space: KernelSpace, shape: RowShape, format: RowFormat, maxRows: number): RowQueue {
  const stride = rowBytes(shape, format);
  const memory = space.allocate(maxRows * stride);
  let count = 0;
  let written = 0;
  return {
    place: (): Row => memory + count * stride,
    emit(_row, rows = 1) {
      count += rows;
    },
    waiting: () => count,
    async flush(sink) {
      const rows = count;
      count = 0;
      if (rows > 0) await sink.writeRows(written, space.bytes(memory, rows * stride));
      written += rows;
      return written;
    },
  };
}

import type { RowSink } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { type KernelSpace, openKernelSpace } from "../kernels/kernel-space.ts";

/** How enlarged colours are finished. 0 leaves them unchanged. */
export type Finishing = {
  /** 0 to 1: the share of the difference to a 3×3 binomial blur of luminance that is added. */
  readonly sharpen: number;
  /** 0 to 0.5: additional contrast around mid-grey. */
  readonly contrast: number;
};

/** Addresses of a row's luminance and its sums with both neighbours. */
type Row = { readonly luma: number; readonly smooth: number };

/** Pixels that are finished at once. */
const blockPixels = 65_536;

/** About 2 ms, at 4 ms a megapixel. */
const pixelsPerTurn = 524_288;

/**
 * Creates a sink that finishes colours (grey or RGB) and passes them on: an unsharp mask on luminance (ITU-R BT.601), equal for
 * all channels so that hues stay, then contrast. Borders are repeated. Luminance is exact, then results are computed in single
 * precision and rounded once, within 0.501 levels of the exact ones. Holds about 1 MiB, or about twelve rows if that is more. Lends the memory
 * of the sink behind it. Throws OUT_OF_MEMORY.
 */
export function createFinishing(sink: RowSink, { sharpen, contrast }: Finishing, signal?: AbortSignal): RowSink {
  const { widthPx, heightPx, channels } = sink;
  const stride = widthPx * channels;
  const step = Math.min(heightPx, Math.max(1, Math.floor(blockPixels / widthPx)));
  const pace = createPace(signal, pixelsPerTurn);
  // Closed after the last row. After a failure it is not used again, because rows could still arrive.
  const space = openKernelSpace();
  const { kernels } = space;
  // A row that waits for the one below it, then the rows of a block.
  const pixels = space.allocate((step + 1) * stride);
  const finished = space.allocate((step + 1) * stride);
  const ring = [0, 1, 2].map(() => allocateRow(space, widthPx));
  const ringAt = (y: number) => ring[y % 3] as Row;

  /** Finishes row `y`, whose pixels lie at an address. */
  function finish(y: number, from: number, to: number): void {
    const [above, { luma, smooth }, below] = [Math.max(0, y - 1), y, Math.min(heightPx - 1, y + 1)].map(ringAt) as [
      ...[Row, Row, Row],
    ];
    const sums = [above.smooth, smooth, below.smooth] as const;
    kernels.finishRow(from, widthPx, channels, luma, ...sums, sharpen, 1 + contrast, to);
  }

  /** Accepts some rows, and passes on those whose row below is known. */
  async function writeBlock(y: number, rows: Uint8Array): Promise<void> {
    const end = y + rows.length / stride;
    const first = Math.max(0, y - 1);
    // Row `y` follows the waiting one.
    const addressOf = (row: number) => pixels + (row - y + 1) * stride;
    space.write(addressOf(y), rows);
    let to = finished;
    const finishNext = (row: number) => {
      finish(row, addressOf(row), to);
      to += stride;
    };
    for (let row = y; row < end; row++) {
      const { luma, smooth } = ringAt(row);
      kernels.smoothRow(addressOf(row), widthPx, channels, luma, smooth);
      if (row > 0) finishNext(row - 1);
    }
    if (end === heightPx) finishNext(end - 1);
    else space.write(pixels, space.bytes(addressOf(end - 1), stride));
    if (to > finished) await sink.writeRows(first, space.bytes(finished, to - finished));
    await pace((end - y) * widthPx);
  }

  // The sink is at most one row behind, and finished rows are written to it after they have been copied.
  const memoryAhead = sink.memoryAhead && ((y: number, count: number) => sink.memoryAhead?.(y, count));
  return {
    widthPx,
    heightPx,
    channels,
    ...(memoryAhead ? { memoryFor: memoryAhead, memoryAhead } : {}),
    async writeRows(y, rows) {
      for (let row = 0; row * stride < rows.length; row += step) {
        await writeBlock(y + row, rows.subarray(row * stride, (row + step) * stride));
      }
      if (y + rows.length / stride === heightPx) space.close();
    },
  };
}

/** A row of luminance has 16 bytes before it, for its repeated border. */
function allocateRow(space: KernelSpace, widthPx: number): Row {
  const bytes = widthPx * Int32Array.BYTES_PER_ELEMENT;
  return { luma: space.allocate(16 + bytes) + 16, smooth: space.allocate(bytes) };
}

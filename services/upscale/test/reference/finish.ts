import type { RowSink } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";

/** How enlarged colours are finished. 0 leaves them unchanged. */
export type Finishing = {
  /** 0 to 1: the share of the difference to a 3×3 binomial blur of luminance that is added. */
  readonly sharpen: number;
  /** 0 to 0.5: additional contrast around mid-grey. */
  readonly contrast: number;
};

/** A row that waits for the row below it. */
type Row = { readonly pixels: Uint8Array; readonly luma: Float32Array; readonly smooth: Float32Array };

const middle = 127.5;

/** Pixels that are finished at once. */
const blockPixels = 65_536;

/**
 * Creates a sink that finishes colours (grey or RGB) and passes them on: an unsharp mask on luminance (ITU-R BT.601), equal for
 * all channels so that hues stay, then contrast. Computed in float, rounded once. Borders are repeated.
 */
export function createFinishing(sink: RowSink, { sharpen, contrast }: Finishing, signal?: AbortSignal): RowSink {
  const { widthPx, heightPx, channels } = sink;
  const stride = widthPx * channels;
  const pace = createPace(signal);
  let above: Row | undefined;
  let current: Row | undefined;

  /** Computes the finished middle row of three rows. */
  function finish(target: Uint8Array, before: Row, { pixels, luma, smooth }: Row, after: Row): void {
    for (let x = 0, at = 0; x < widthPx; x++) {
      const blur = ((before.smooth[x] as number) + 2 * (smooth[x] as number) + (after.smooth[x] as number)) / 4;
      const detail = sharpen * ((luma[x] as number) - blur);
      for (let channel = 0; channel < channels; channel++, at++) {
        const value = middle + (1 + contrast) * ((pixels[at] as number) + detail - middle);
        target[at] = value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5;
      }
    }
  }

  /** Accepts some rows, and passes on those whose row below is known. */
  async function writeBlock(y: number, rows: Uint8Array): Promise<void> {
    const count = rows.length / stride;
    const isLast = y + count === heightPx;
    const first = current === undefined ? y : y - 1;
    const finished = new Uint8Array((count - (current === undefined ? 1 : 0) + (isLast ? 1 : 0)) * stride);
    let at = 0;
    const push = (below: Row) => {
      if (current) finish(finished.subarray(at, at + stride), above ?? current, current, below);
      if (current) at += stride;
      above = current;
      current = below;
    };
    for (let row = 0; row < count; row++) push(toRow(rows.slice(row * stride, (row + 1) * stride), channels));
    if (isLast && current) push(current);
    if (finished.length > 0) await sink.writeRows(first, finished);
    await pace(count * widthPx);
  }

  return {
    widthPx,
    heightPx,
    channels,
    async writeRows(y, rows) {
      const step = Math.max(1, Math.floor(blockPixels / widthPx));
      for (let row = 0; row * stride < rows.length; row += step) {
        await writeBlock(y + row, rows.subarray(row * stride, (row + step) * stride));
      }
    },
  };
}

function toRow(pixels: Uint8Array, channels: number): Row {
  const width = pixels.length / channels;
  const luma = new Float32Array(width);
  for (let x = 0, at = 0; x < width; x++, at += channels) {
    const [red, green, blue] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number];
    luma[x] = channels === 1 ? red : 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  const smooth = luma.map((value, x) => {
    const left = luma[x - 1] ?? value;
    const right = luma[x + 1] ?? value;
    return (left + 2 * value + right) / 4;
  });
  return { pixels, luma, smooth };
}

import { AppError } from "@pixelmesh/errors";
import type { Channels, RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { composeKernels, spareBytes } from "../../kernels/compose-kernels.ts";
import { createLayout } from "../../kernels/lay-out.ts";
import type { WorkOptions } from "../cut-out/cut-out-rows.ts";
import type { Size } from "../planes/plane.ts";
import { rowsPerTurn } from "../turns.ts";

/** Returns the channels of a composition: RGBA over a background with alpha, else RGB. */
export function composedChannels(background: { readonly channels: Channels }): 3 | 4 {
  return background.channels === 2 || background.channels === 4 ? 4 : 3;
}

/** Returns rows of one colour. */
export function createColorSource({ widthPx, heightPx }: Size, rgb: readonly [number, number, number]): RowSource {
  let rows = new Uint8Array();
  return {
    widthPx,
    heightPx,
    channels: 3,
    async readRows(_y, count) {
      const bytes = widthPx * count * 3;
      if (rows.length < bytes) {
        rows = new Uint8Array(bytes);
        rows.set(rgb);
        // Each copy doubles what is filled: a call for each pixel would hold up the event loop.
        for (let filled = 3; filled < bytes; filled *= 2) rows.copyWithin(filled, 0, Math.min(filled, bytes - filled));
      }
      return rows.subarray(0, bytes);
    },
  };
}

/**
 * Lays a cut-out over a background of the same size, row by row: T. Porter and T. Duff's "over" (1984), on encoded values, as
 * alpha of photographs is defined. Exactly the cut-out where its alpha is 255, exactly the background where it is 0.
 */
export async function composeRows(
  cutOut: RowSource,
  background: RowSource,
  sink: RowSink,
  { signal, onProgress }: WorkOptions = {},
): Promise<void> {
  const { widthPx, heightPx } = cutOut;
  const channels = composedChannels(background);
  for (const { widthPx: width, heightPx: height } of [background, sink]) {
    if (width !== widthPx || height !== heightPx || sink.channels !== channels) {
      throw new AppError("INTERNAL", "Cut-out, background and sink of a composition have different shapes");
    }
  }
  const pace = createPace(signal);
  const kernels = composeKernels.take();
  try {
    const rows = rowsPerTurn(widthPx);
    const strip = (perPixel: number) => rows * widthPx * perPixel + spareBytes;
    const layout = createLayout();
    const over = layout.add(strip(cutOut.channels));
    const under = layout.add(strip(background.channels));
    const out = layout.add(strip(channels));
    kernels.reserve(layout.end());
    for (let top = 0; top < heightPx; top += rows) {
      const count = Math.min(rows, heightPx - top);
      const pixels = widthPx * count;
      kernels.bytes(over, pixels * cutOut.channels).set(await cutOut.readRows(top, count));
      kernels.bytes(under, pixels * background.channels).set(await background.readRows(top, count));
      kernels.layOver(over, cutOut.channels, under, background.channels, out, channels, pixels);
      await sink.writeRows(top, kernels.bytes(out, pixels * channels));
      onProgress?.((top + count) / heightPx);
      await pace(pixels);
    }
  } finally {
    composeKernels.give(kernels);
  }
}

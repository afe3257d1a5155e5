import { AppError } from "@pixelmesh/errors";
import type { RowSink, RowSource } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import type { CutOutKernels } from "../../kernels/cut-out-kernels.ts";
import { rowsPerTurn } from "../turns.ts";

/** Abort signal and progress callback of long work. */
export type WorkOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a growing fraction of the rows; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
};

/**
 * Writes the cut-out, RGBA of the source's size, to `sink`, from the plan that the kernels hold. Alpha is the fitted matte times
 * the source's own. Colours are the object's, without the background's share in half-covered pixels: black where alpha is 0,
 * unchanged where it is 255.
 */
export async function cutOutRows(
  kernels: CutOutKernels,
  source: RowSource,
  sink: RowSink,
  { signal, onProgress }: WorkOptions = {},
): Promise<void> {
  const { widthPx, heightPx, channels } = source;
  if (sink.widthPx !== widthPx || sink.heightPx !== heightPx || sink.channels !== 4) {
    throw new AppError("INTERNAL", "The sink of a cut-out has another shape than its result");
  }
  const pace = createPace(signal);
  const rows = rowsPerTurn(widthPx);
  kernels.reserve(kernels.layOutRows(widthPx, heightPx, channels, rows));
  kernels.startRows(heightPx);
  const [from, to] = [kernels.sourceAddress(), kernels.resultAddress()];
  for (let top = 0; top < heightPx; top += rows) {
    const count = Math.min(rows, heightPx - top);
    kernels.bytes(from, widthPx * count * channels).set(await source.readRows(top, count));
    kernels.paintRows(top, count, channels);
    await sink.writeRows(top, kernels.bytes(to, widthPx * count * 4));
    onProgress?.((top + count) / heightPx);
    await pace(widthPx * count);
  }
}

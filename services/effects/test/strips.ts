import type { Frame } from "@pixelmesh/imaging";
import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import { chainShape } from "../src/domain/chain.ts";
import { createChainStages } from "../src/domain/rows/chain-stages.ts";
import { openKernelSpace } from "../src/kernels/kernel-space.ts";

/** Applies a chain as `applyChain` does, with strips of `stripRows` rows. */
export async function applyInStrips(frame: Frame, chain: readonly ParsedEffect[], stripRows: number): Promise<Frame> {
  const shape = chainShape(frame);
  const data = new Uint8Array(shape.widthPx * shape.heightPx * shape.channels);
  const stride = frame.widthPx * frame.channels;
  const sink = {
    ...shape,
    writeRows: async (y: number, rows: Uint8Array) => data.set(rows, y * shape.widthPx * shape.channels),
  };
  const space = openKernelSpace();
  try {
    const { input, stages, output } = createChainStages(space, shape, frame.channels, chain, stripRows);
    const drain = async () => {
      do {
        if (output.waiting() >= stripRows) await output.flush(sink);
      } while (stages.more());
    };
    for (let top = 0; top < frame.heightPx; top += stripRows) {
      const count = Math.min(stripRows, frame.heightPx - top);
      input.write(frame.data.subarray(top * stride, (top + count) * stride));
      for (let i = 0; i < count; i++) {
        stages.push(input.row(i));
        await drain();
      }
    }
    stages.end();
    await drain();
    await output.flush(sink);
  } finally {
    space.close();
  }
  return { ...shape, data };
}

import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { createChainStages } from "../rows/chain-stages.ts";
import type { CreateStage, RowShape } from "../rows/rows.ts";
import { createFloatPicture, type OpenPictureRows } from "./float-picture.ts";
import { createRowReader, type PictureRows } from "./picture-rows.ts";
import type { PrepareContext } from "./prepared-effect.ts";

const stripSamples = 256 * 1_024;

/** Passes the rows of a picture through a stage, into a picture of floats of this shape in the frame store. */
export async function renderRows(
  rows: PictureRows,
  createStage: CreateStage,
  shape: RowShape,
  { frameStore, pace }: Pick<PrepareContext, "frameStore" | "pace">,
): Promise<OpenPictureRows> {
  const space = openKernelSpace();
  const sink = await createFloatPicture(shape, frameStore);
  try {
    const stripRows = Math.max(1, Math.floor(stripSamples / (shape.widthPx * shape.channels)));
    const reader = createRowReader(space, rows, stripRows);
    const parts = [{ shape: rows.shape, createStage }];
    const formats = { from: rows.format, to: "floats" } as const;
    const { stages, output } = createChainStages(space, parts, { shape, stripRows, ...formats });
    const drain = async () => {
      do {
        if (output.waiting() >= stripRows) await output.flush(sink);
        await pace(shape.widthPx);
      } while (stages.more());
    };
    const { heightPx } = rows.shape;
    for (let top = 0; top < heightPx; top += stripRows) {
      const count = Math.min(stripRows, heightPx - top);
      const first = await reader.read(top, count);
      for (let i = 0; i < count; i++) {
        stages.push(first + i * reader.stride);
        await drain();
      }
    }
    stages.end();
    await drain();
    if (output.waiting() > 0) await output.flush(sink);
    return await sink.open();
  } finally {
    await sink.abandon();
    space.close();
  }
}

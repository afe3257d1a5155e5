import type { Channels } from "@pixelmesh/imaging";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { ParsedEffect } from "../catalogue/define-effect.ts";
import { joinStages } from "./map-rows.ts";
import { createRowQueue, type RowQueue } from "./row-queue.ts";
import { type CreateStage, type Row, type RowShape, rowBytes, type Stage } from "./rows.ts";

/** The stages of a chain between a strip of a picture and a queue of finished rows. */
export type ChainStages = {
  readonly input: {
    /** Copies the rows of a strip, of the picture's own channels. */
    write(strip: Uint8Array): void;
    /** Returns a row of the strip, grey spread over three channels. Valid until the next one. */
    row(index: number): Row;
  };
  readonly stages: Stage;
  readonly output: RowQueue;
};

/** Creates the stages for strips of `stripRows` rows. The queue has room for one strip: `push` and `more` of the stages emit at most one row each. */
export function createChainStages(
  space: KernelSpace,
  shape: RowShape,
  channels: Channels,
  effects: readonly ParsedEffect[],
  stripRows: number,
): ChainStages {
  const { widthPx } = shape;
  const stride = widthPx * channels;
  const strip = space.allocate(stripRows * stride);
  const spread = channels < 3 ? space.allocate(rowBytes(shape, "bytes")) : 0;
  const creates = effects.length > 0 ? effects.map(({ createStage }) => createStage) : [copyStage];
  const output = createRowQueue(space, shape, stripRows);
  const stages = joinStages(creates, { space, shape, from: "bytes", to: "bytes" }, output);
  return {
    input: {
      write: (rows) => space.bytes(strip, rows.length).set(rows),
      row(index) {
        const row = strip + index * stride;
        if (channels >= 3) return row;
        space.kernels.greyToRgb(row, channels, widthPx, spread);
        return spread;
      },
    },
    stages,
    output,
  };
}

const copyStage: CreateStage = ({ space, shape }, target) => ({
  push(row) {
    const to = target.place();
    const bytes = rowBytes(shape, "bytes");
    space.bytes(to, bytes).set(space.bytes(row, bytes));
    target.emit(to);
  },
  more: () => false,
  end() {},
});

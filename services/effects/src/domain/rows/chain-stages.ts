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

/** Creates the stages for strips of `stripRows` rows. After each row at most one strip and the held rows wait in the queue. */
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
  // The queue needs the number of held rows, the stages need the queue.
  let output: RowQueue | undefined;
  const target = { place: () => (output as RowQueue).place(), emit: (row: Row) => (output as RowQueue).emit(row) };
  const stages = joinStages(creates, { space, shape, from: "bytes", to: "bytes" }, target);
  output = createRowQueue(space, shape, stripRows + stages.heldRows + 1);
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
  heldRows: 0,
  push(row) {
    const to = target.place();
    const bytes = rowBytes(shape, "bytes");
    space.bytes(to, bytes).set(space.bytes(row, bytes));
    target.emit(to);
  },
  end() {},
});

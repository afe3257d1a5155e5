import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import type { RowShape } from "../src/domain/rows/rows.ts";
import { openKernelSpace } from "../src/kernels/kernel-space.ts";
import { stageOf } from "./stage-of.ts";

/** Returns the bytes that an effect's preparation and its stage, from and to bytes, allocate for a picture of this shape. */
export async function allocatedBytes(effect: ParsedEffect, shape: RowShape): Promise<number> {
  const space = openKernelSpace();
  let bytes = 0;
  const counted: typeof space = {
    ...space,
    allocate(count) {
      bytes += count;
      return space.allocate(count);
    },
    constant(table) {
      bytes += table.byteLength;
      return space.constant(table);
    },
  };
  try {
    const createStage = await stageOf(effect, counted, shape);
    createStage({ space: counted, shape, from: "bytes", to: "bytes" }, { place: () => 0, emit() {} });
  } finally {
    space.close();
  }
  return bytes;
}

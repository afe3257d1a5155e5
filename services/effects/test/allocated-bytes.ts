import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import type { RowShape } from "../src/domain/rows/rows.ts";
import { type KernelSpace, openKernelSpace } from "../src/kernels/kernel-space.ts";
import { stageOf } from "./stage-of.ts";

/** Returns the bytes that a function allocates in the kernel space that it is given. */
export async function countAllocated(allocate: (space: KernelSpace) => Promise<void>): Promise<number> {
  const space = openKernelSpace();
  let bytes = 0;
  const counted: KernelSpace = {
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
    await allocate(counted);
  } finally {
    space.close();
  }
  return bytes;
}

/** Returns the bytes that an effect's preparation and its stage, from and to bytes, allocate for a picture of this shape. */
export function allocatedBytes(effect: ParsedEffect, shape: RowShape): Promise<number> {
  return countAllocated(async (space) => {
    const createStage = await stageOf(effect, space, shape);
    createStage({ space, shape, from: "bytes", to: "bytes" }, { place: () => 0, emit() {} });
  });
}

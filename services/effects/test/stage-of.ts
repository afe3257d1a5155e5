import { memoryFrameStore } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import { passRows } from "../src/domain/rows/pass-rows.ts";
import type { CreateStage, RowShape } from "../src/domain/rows/rows.ts";
import type { KernelSpace } from "../src/kernels/kernel-space.ts";

/** Prepares an effect that needs no picture, and returns its stage for rows of a shape. */
export async function stageOf({ work }: ParsedEffect, space: KernelSpace, shape: RowShape): Promise<CreateStage> {
  const rest = {
    picture: undefined,
    pictures: [],
    frameStore: memoryFrameStore,
    pace: createPace(),
    signal: undefined,
  };
  const { createStage = passRows } = await work.prepare({ shape, space, ...rest });
  return createStage;
}

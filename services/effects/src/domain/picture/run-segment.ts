import type { FrameStore, Raster } from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import type { ParsedEffect } from "../catalogue/define-effect.ts";
import type { ChainPart } from "../rows/chain-stages.ts";
import { passRows } from "../rows/pass-rows.ts";
import type { PictureRows } from "./picture-rows.ts";
import { type PreparedRows, type RowsTarget, runRows } from "./run-rows.ts";

/** What all segments of a chain share. */
export type SegmentOptions = {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (fraction: number) => void;
  readonly frameStore: FrameStore;
  readonly pictures: readonly Raster[];
  readonly stripRows: number | undefined;
};

// Half a millisecond to 4 ms for an effect.
const turnPixels = 64 * 1_024;

/** A segment whose effects are prepared. */
type Prepared = PreparedRows & { readonly close: () => Promise<void> };

/**
 * Runs effects of which only the first may need the whole picture. The rows pass through all of them together, as floats between them.
 */
export async function runSegment(
  picture: PictureRows,
  effects: readonly ParsedEffect[],
  target: RowsTarget,
  options: SegmentOptions,
): Promise<void> {
  const space = openKernelSpace();
  const pace = createPace(options.signal, turnPixels);
  try {
    const prepared = await prepareAll(space, picture, effects, pace, options);
    try {
      await runRows(space, prepared, target, pace, options);
    } finally {
      await prepared.close();
    }
  } finally {
    space.close();
  }
}

async function prepareAll(
  space: KernelSpace,
  given: PictureRows,
  effects: readonly ParsedEffect[],
  pace: Pace,
  { frameStore, pictures, signal }: SegmentOptions,
): Promise<Prepared> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers) await one();
  };
  const parts: ChainPart[] = [];
  let picture = given;
  let { shape } = given;
  try {
    for (const { work } of effects) {
      const whole = work.needsPicture ? given : undefined;
      const prepared = await work.prepare({ shape, picture: whole, pictures, frameStore, space, pace, signal });
      if (prepared.close) closers.push(prepared.close);
      if (prepared.picture) {
        picture = prepared.picture;
        shape = picture.shape;
      }
      parts.push({ shape, createStage: prepared.createStage ?? passRows });
      shape = prepared.shape ?? shape;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { picture, parts, shape, close };
}

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createFrame,
  type Frame,
  type FrameStore,
  isFrameFile,
  type Raster,
  rasterBytes,
  shareFrameStore,
} from "@pixelmesh/imaging";
import type { Threads } from "@pixelmesh/lifecycle";
import type { RasterContext } from "@pixelmesh/worker";
import type { ParsedEffect } from "../domain/catalogue/define-effect.ts";
import { chainNeed } from "../domain/chain-need.ts";
import type { ChainTask } from "./chain-thread.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** A chain and its pictures. */
export type ThreadChain = {
  readonly picture: Raster;
  /** The further pictures of the step. */
  readonly pictures: readonly Raster[];
  readonly effects: readonly ParsedEffect[];
};

// Copied in well under a millisecond.
const turnBytes = 1024 * 1024;

/**
 * Applies a chain in a thread. The picture and the result go through shared memory, if they and their sum fit there. Else the picture is transferred
 * or copied, and the result gets new memory in the thread, which both cause garbage collections.
 */
export async function runInThread(
  threads: Threads<ChainTask, Raster>,
  shared: SharedMemory,
  { picture, pictures, effects }: ThreadChain,
  { frameStore, signal, onProgress }: RasterContext,
): Promise<Raster> {
  const { result, pictureBytes } = chainNeed(effects, picture);
  const largestBytes = Math.max(rasterBytes(result), ...pictureBytes);
  const task = {
    frame: picture,
    pictures,
    effects: effects.map(({ resolved }) => resolved),
    frameStore: await shareFrameStore(frameStore, largestBytes),
  };
  const inMemory = !isFrameFile(picture) && rasterBytes(result) <= frameStore.maxFrameBytes;
  const memory = inMemory ? shared.take(rasterBytes(picture) + rasterBytes(result)) : undefined;
  if (!inMemory || !memory) return threads.run(task, { signal, onProgress });
  try {
    const input = memory.subarray(0, rasterBytes(picture));
    await copyInTurns(picture.data, input);
    const frame: Frame = { ...picture, data: input };
    const made = await threads.run({ ...task, frame, memory: memory.subarray(input.length) }, { signal, onProgress });
    return await fromShared(made, frameStore);
  } finally {
    // The thread no longer uses it: `run` settles when the thread has ended its task.
    shared.give(memory);
  }
}

/** Copies a raster out of shared memory. */
async function fromShared(raster: Raster, frameStore: FrameStore): Promise<Raster> {
  if (isFrameFile(raster) || !(raster.data.buffer instanceof SharedArrayBuffer)) return raster;
  const { widthPx, heightPx, channels, data } = raster;
  const frame = createFrame(widthPx, heightPx, channels, frameStore.newMemory(data.length));
  await copyInTurns(data, frame.data);
  return frame;
}

/** Copies bytes in parts between turns of the event loop. */
async function copyInTurns(from: Uint8Array, to: Uint8Array): Promise<void> {
  for (let at = 0; at < from.length; at += turnBytes) {
    if (at > 0) await nextTurn();
    to.set(from.subarray(at, at + turnBytes), at);
  }
}

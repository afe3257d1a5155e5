import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import {
  createFrame,
  type Frame,
  type FrameStore,
  isFrameFile,
  type Raster,
  rasterBytes,
  shareFrameStore,
} from "@pixelmesh/imaging";
import type { RasterContext } from "@pixelmesh/worker";
import type { ParsedEffect } from "../domain/catalogue/define-effect.ts";
import { type ChainPicture, shapeOf } from "../domain/chain.ts";
import { chainNeed } from "../domain/chain-need.ts";
import type { FloatPicture } from "../domain/picture/float-picture.ts";
import type { ChainThreads } from "./chain-threads.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** A chain and its pictures. */
export type ChainWork = {
  readonly picture: ChainPicture;
  /** The further pictures of the step. */
  readonly pictures: readonly Raster[];
  readonly effects: readonly ParsedEffect[];
};

/** Where chains are computed apart from the event loop. */
export type ThreadSpace = { readonly threads: ChainThreads; readonly shared: SharedMemory };

// Copied in well under a millisecond.
const turnBytes = 1024 * 1024;

/**
 * Applies a chain in a thread. A picture and a result in memory go through shared memory, if both fit there. Else the picture is transferred or copied,
 * and the result gets new memory in the thread, which both cause garbage collections.
 */
export async function runInThread(
  { threads, shared }: ThreadSpace,
  { picture, pictures, effects }: ChainWork,
  { frameStore, signal, onProgress }: RasterContext,
): Promise<Raster> {
  const { result, pictureBytes } = chainNeed(effects, shapeOf(picture));
  const resultBytes = rasterBytes(result);
  const task = {
    pictures,
    effects: effects.map(({ resolved }) => resolved),
    frameStore: await shareFrameStore(frameStore, Math.max(resultBytes, ...pictureBytes)),
  };
  const memoryBytes = resultBytes <= frameStore.maxFrameBytes ? resultBytes : 0;
  return throughMemory(shared, picture, memoryBytes, async (input, memory) => {
    const made = await threads.run({ ...task, picture: input, memory }, { signal, onProgress });
    if ("raster" in made) throw new AppError("INTERNAL", "A chain in a thread has made floats");
    return fromShared(made, frameStore);
  });
}

/** Applies the beginning of a chain in a thread. Its floats lie in a file of `floatStore`, pictures on the way in the frame store of the step. */
export async function runBeginningInThread(
  { threads, shared }: ThreadSpace,
  { picture, pictures, effects }: ChainWork,
  floatStore: FrameStore,
  { frameStore, signal, onProgress }: RasterContext,
): Promise<FloatPicture> {
  const { pictureBytes } = chainNeed(effects, shapeOf(picture));
  const task = {
    pictures,
    effects: effects.map(({ resolved }) => resolved),
    frameStore: await shareFrameStore(frameStore, Math.max(0, ...pictureBytes)),
    floatsTo: await shareFrameStore(floatStore, Number.POSITIVE_INFINITY),
  };
  return throughMemory(shared, picture, 0, async (input) => {
    const made = await threads.run({ ...task, picture: input }, { signal, onProgress });
    if ("raster" in made) return made;
    throw new AppError("INTERNAL", "The beginning of a chain in a thread has made no floats");
  });
}

/** Calls `run` with a picture in shared memory and with so many bytes of it for a result. Without room there, with the picture itself. */
async function throughMemory<T>(
  shared: SharedMemory,
  picture: ChainPicture,
  resultBytes: number,
  run: (picture: ChainPicture, memory?: Uint8Array) => Promise<T>,
): Promise<T> {
  const frame = "raster" in picture || isFrameFile(picture) ? undefined : picture;
  const pictureBytes = frame ? rasterBytes(frame) : 0;
  const memory = shared.take(pictureBytes + resultBytes);
  if (!memory) return run(picture);
  try {
    const free = resultBytes > 0 ? memory.subarray(pictureBytes) : undefined;
    return await run(frame ? await copyFrame(frame, memory.subarray(0, pictureBytes)) : picture, free);
  } finally {
    // The thread no longer uses it: `run` of the threads settles when the thread has ended its task.
    shared.give(memory);
  }
}

/** Copies a raster out of shared memory. */
async function fromShared(raster: Raster, frameStore: FrameStore): Promise<Raster> {
  if (isFrameFile(raster) || !(raster.data.buffer instanceof SharedArrayBuffer)) return raster;
  return copyFrame(raster, frameStore.newMemory(raster.data.length));
}

/** Copies a frame in parts between turns of the event loop. */
async function copyFrame({ widthPx, heightPx, channels, data }: Frame, to: Uint8Array): Promise<Frame> {
  for (let at = 0; at < data.length; at += turnBytes) {
    if (at > 0) await nextTurn();
    to.set(data.subarray(at, at + turnBytes), at);
  }
  return createFrame(widthPx, heightPx, channels, to);
}

import {
  type FrameStore,
  memoryFrameStore,
  openSharedFrameStore,
  type Raster,
  type SharedFrameStore,
} from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import type { Effect } from "@pixelmesh/proto";
import { parseEffects } from "../domain/catalogue/catalogue.ts";
import { applyBeginning, applyChainTo, type ChainPicture } from "../domain/chain.ts";

/** A chain for a thread, or the beginning of one. The effects are unparsed, because parsed ones hold functions. */
export type ChainTask = {
  readonly picture: ChainPicture;
  /** The further pictures of the step. */
  readonly pictures: readonly Raster[];
  readonly effects: readonly Effect[];
  /** Where the result lies, and pictures between effects; default: in memory. */
  readonly frameStore?: SharedFrameStore;
  /** Memory for the result, if it lies in memory; default: new memory. */
  readonly memory?: Uint8Array | undefined;
  /** Where the floats of a beginning lie; absent: the result is a picture of bytes. */
  readonly floatsTo?: SharedFrameStore;
};

serveThread<ChainTask, ChainPicture>(({ picture, pictures, effects, frameStore, memory, floatsTo }, context) => {
  const opened = frameStore ? openSharedFrameStore(frameStore) : memoryFrameStore;
  const store = memory ? { ...opened, newMemory: newMemoryIn(memory) } : opened;
  const parsed = parseEffects(effects);
  const options = { ...context, pictures, frameStore: store };
  if (floatsTo) return applyBeginning(picture, parsed, openSharedFrameStore(floatsTo), options);
  return applyChainTo(picture, parsed, store, options);
});

/** Gives pieces of the memory while it lasts. It is as long as the result, so the larger pictures between effects get new memory. */
function newMemoryIn(memory: Uint8Array): FrameStore["newMemory"] {
  let used = 0;
  return (bytes) => {
    if (used + bytes > memory.length) return new Uint8Array(bytes);
    used += bytes;
    return memory.subarray(used - bytes, used);
  };
}

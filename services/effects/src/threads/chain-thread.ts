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
import { applyChainTo } from "../domain/chain.ts";

/** A chain for a thread. The effects are unparsed, because parsed ones hold functions. */
export type ChainTask = {
  readonly frame: Raster;
  /** The further pictures of the step. */
  readonly pictures: readonly Raster[];
  readonly effects: readonly Effect[];
  /** Where the result lies; default: in memory. */
  readonly frameStore?: SharedFrameStore;
  /** Memory for the result, if it lies in memory; default: new memory. */
  readonly memory?: Uint8Array;
};

serveThread<ChainTask, Raster>(({ frame, pictures, effects, frameStore, memory }, context) => {
  const opened = frameStore ? openSharedFrameStore(frameStore) : memoryFrameStore;
  const store = memory ? { ...opened, newMemory: newMemoryIn(memory) } : opened;
  return applyChainTo(frame, parseEffects(effects), store, { ...context, pictures });
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

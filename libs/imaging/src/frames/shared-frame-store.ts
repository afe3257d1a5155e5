import { dirname } from "node:path";
import { createFrameStore, type FrameStore, memoryFrameStore } from "./frame-store.ts";

/** A frame store as plain values, for another thread. */
export type SharedFrameStore = { readonly dir: string; readonly maxFrameBytes: number };

/**
 * Shares a frame store with a thread that will make rasters of at most `bytes`. The thread's files lie in the store's directory
 * and are removed with it. If memory suffices, no directory is made.
 */
export async function shareFrameStore(frameStore: FrameStore, bytes: number): Promise<SharedFrameStore> {
  if (bytes <= frameStore.maxFrameBytes) return { dir: "", maxFrameBytes: Number.POSITIVE_INFINITY };
  return { dir: dirname(await frameStore.newPath("v")), maxFrameBytes: frameStore.maxFrameBytes };
}

/** Opens the shared frame store in the other thread. It is not closed there. */
export function openSharedFrameStore({ dir, maxFrameBytes }: SharedFrameStore): FrameStore {
  return dir === "" ? memoryFrameStore : createFrameStore(async () => dir, maxFrameBytes);
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type FrameStore } from "../src/frames/frame-store.ts";

/** Runs `work` with a frame store whose pictures above `maxFrameBytes` become files. */
export async function withFrameStore(
  maxFrameBytes: number,
  work: (frameStore: FrameStore) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-frames-"));
  const frameStore = createFrameStore(async () => dir, maxFrameBytes);
  try {
    await work(frameStore);
  } finally {
    await frameStore.close();
    await rm(dir, { recursive: true, force: true });
  }
}

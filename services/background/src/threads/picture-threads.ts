import type { Frame } from "@pixelmesh/imaging";
import { createThreads, type Threads } from "@pixelmesh/lifecycle";
import type { PictureTask } from "./picture-thread.ts";

/** Threads that cut out and compose; at most `size`. */
export function createPictureThreads(size: number): Threads<PictureTask, Frame> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return createThreads(new URL(`./picture-thread.${extension}`, import.meta.url), { size });
}

import type { Raster } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type Threads } from "@pixelmesh/lifecycle";
import type { PictureTask } from "./picture-thread.ts";

/** Threads that cut out and compose; at most `size`. */
export function createPictureThreads(size: number): Threads<PictureTask, Raster> {
  return createThreads(moduleBeside(import.meta.url, "./picture-thread"), { size });
}

import type { Raster } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type Threads } from "@pixelmesh/lifecycle";
import type { PictureTask } from "./picture-thread.ts";

/** Creates at most `size` threads that cut out and compose pictures. */
export function createPictureThreads(size: number): Threads<PictureTask, Raster> {
  return createThreads(moduleBeside(import.meta.url, "./picture-thread"), { size });
}

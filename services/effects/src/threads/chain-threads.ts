import type { Raster } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type Threads } from "@pixelmesh/lifecycle";
import type { ChainTask } from "./chain-thread.ts";

/** Creates at most `size` threads that apply chains of effects. */
export function createChainThreads(size: number): Threads<ChainTask, Raster> {
  return createThreads(moduleBeside(import.meta.url, "./chain-thread"), { size });
}

import type { Raster } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type Threads } from "@pixelmesh/lifecycle";
import type { ChainTask } from "./chain-thread.ts";

/** Threads that apply chains of effects; at most `size`. */
export function createChainThreads(size: number): Threads<ChainTask, Raster> {
  return createThreads(moduleBeside(import.meta.url, "./chain-thread"), { size });
}

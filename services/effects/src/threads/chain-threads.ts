import { createThreads, moduleBeside, type Threads } from "@pixelmesh/lifecycle";
import type { ChainPicture } from "../domain/chain.ts";
import type { ChainTask } from "./chain-thread.ts";

/** Threads that apply chains of effects: to a picture of bytes, or to floats for the beginning of a chain. */
export type ChainThreads = Threads<ChainTask, ChainPicture>;

/** Creates at most `size` threads that apply chains of effects. */
export function createChainThreads(size: number): ChainThreads {
  return createThreads(moduleBeside(import.meta.url, "./chain-thread"), { size });
}

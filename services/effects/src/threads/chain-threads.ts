import type { Frame } from "@pixelmesh/imaging";
import { createThreads, type Threads } from "@pixelmesh/lifecycle";
import type { ChainTask } from "./chain-thread.ts";

/** Threads that apply chains of effects; at most `size`. */
export function createChainThreads(size: number): Threads<ChainTask, Frame> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return createThreads(new URL(`./chain-thread.${extension}`, import.meta.url), { size });
}

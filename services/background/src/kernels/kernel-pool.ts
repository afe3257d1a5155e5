import type { Kernels } from "./kernel-memory.ts";

/** Instances of a module for reuse by the work of one thread: fresh memory costs page faults. */
export type KernelPool<Functions> = {
  /** Returns an instance that no other work uses. */
  take(): Kernels<Functions>;
  /** Takes an instance back. One that is not given back is garbage-collected. */
  give(kernels: Kernels<Functions>): void;
};

const keptCount = 2;
/** The plan of a cut-out by the bundled model takes at most 11 MiB, one by a model of 320 px 16 MiB. */
const keptBytes = 24 * 2 ** 20;
const idleMs = 10_000;

/** Keeps the last instances of at most 24 MiB each, and none after 10 s without use. */
export function createKernelPool<Functions>(create: () => Kernels<Functions>): KernelPool<Functions> {
  let spare: Kernels<Functions>[] = [];
  let timer: NodeJS.Timeout | undefined;
  return {
    take: () => spare.pop() ?? create(),
    give(kernels) {
      if (kernels.sizeBytes() > keptBytes || spare.length >= keptCount) return;
      spare.push(kernels);
      timer ??= setTimeout(() => {
        timer = undefined;
        spare = [];
      }, idleMs).unref();
      timer.refresh();
    },
  };
}

import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import sharp from "sharp";
import { blockedLoaders } from "./loaders.ts";

// All threads of a process share libvips, and each thread that imports this module runs these lines while other threads
// decode. So each line must keep a configured process unchanged: loaders that we use are never blocked, not even for a
// moment.
sharp.block({ operation: [...blockedLoaders] });
// Requests do not repeat each other's operations, and a cache would keep their pixels alive.
sharp.cache(false);

// Importing sharp sets the threads of the whole process to 1 (with glibc's allocator). A worker thread inherits the
// configured number from the thread that started it, and sets it again.
const threadsKey = "pixelmesh.imaging.threads";
const configured = getEnvironmentData(threadsKey);
if (typeof configured === "number") sharp.concurrency(configured);
else if (isMainThread) sharp.concurrency(1);

/** Settings of libvips in this process. */
export type ImagingOptions = {
  /** Threads of one libvips operation, 1 to 64; default 1. Concurrent operations multiply it. */
  readonly threads: number;
};

/**
 * Sets the threads of libvips for this process. A service calls it once at its start, before it starts worker threads. Throws
 * RangeError outside 1 to 64.
 */
export function configureImaging(options: ImagingOptions): void {
  if (!Number.isInteger(options.threads) || options.threads < 1 || options.threads > 64) {
    throw new RangeError(`Expected threads to be an integer from 1 to 64, got ${options.threads}`);
  }
  setEnvironmentData(threadsKey, options.threads);
  sharp.concurrency(options.threads);
}

export { sharp };

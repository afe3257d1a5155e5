import { createRequire } from "node:module";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import type Sharp from "sharp";
import { blockedLoaders } from "./loaders.ts";

type Library = typeof Sharp;

const threadsKey = "pixelmesh.imaging.threads";
let library: Library | undefined;

/** Loads and configures sharp. A process without work does without its 60 modules and 8 MiB. */
function load(): Library {
  if (library !== undefined) return library;
  const exported: Library & { readonly default?: Library } = createRequire(import.meta.url)("sharp");
  // An ES module where the test runner resolves it.
  const loaded = exported.default ?? exported;
  // All threads of a process share libvips, and each thread that loads it runs these lines while other threads decode. So each line
  // must keep a configured process unchanged: loaders that we use are never blocked, not even for a moment.
  loaded.block({ operation: [...blockedLoaders] });
  // Requests do not repeat each other's operations, and a cache would keep their pixels alive.
  loaded.cache(false);
  // Loading sharp sets the threads of the whole process to 1 (with glibc's allocator). A worker thread inherits the configured number
  // from the thread that started it, and sets it again.
  const configured = configuredThreads();
  if (configured !== undefined) loaded.concurrency(configured);
  else if (isMainThread) loaded.concurrency(1);
  library = loaded;
  return loaded;
}

/** sharp, which is loaded with its first use. */
export const sharp: Library = new Proxy((() => {}) as unknown as Library, {
  apply: (_target, _this, args: Parameters<Library>) => load()(...args),
  get: (_target, name) => Reflect.get(load(), name),
});

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
  library?.concurrency(options.threads);
}

function configuredThreads(): number | undefined {
  const configured = getEnvironmentData(threadsKey);
  return typeof configured === "number" ? configured : undefined;
}

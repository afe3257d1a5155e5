import { compileCacheDir } from "@pixelmesh/local-mesh";
import { createHostRoot } from "@pixelmesh/testing";

const gib = 2 ** 30;

/**
 * Lets every process of the mesh tests read the memory of a machine of 16 GiB with 12 GiB available. The real memory differs
 * between machines, and other programs use it. All of them keep their compiled modules in one cache: a start takes half the processor time.
 */
export default function useOwnMemory(): () => void {
  const cacheDir = compileCacheDir();
  if (cacheDir !== undefined) process.env.NODE_COMPILE_CACHE ??= cacheDir;
  const machine = createHostRoot(16 * gib, 4 * gib);
  process.env.PIXELMESH_HOST_ROOT = machine.path;
  process.env.PIXELMESH_UPSCALE_MODELS_MEMORY ??= "6GiB";
  process.env.PIXELMESH_BACKGROUND_MODELS_MEMORY ??= "6GiB";
  return machine.remove;
}

import { createHostRoot } from "@pixelmesh/testing";

const gib = 2 ** 30;

/**
 * Gives every process of the mesh tests a machine of 16 GiB with 12 GiB available to read. The memory of the machine that
 * runs the tests differs from one to the next, and other programs use it.
 */
export default function useOwnMemory(): () => void {
  const machine = createHostRoot(16 * gib, 4 * gib);
  process.env.PIXELMESH_HOST_ROOT = machine.path;
  process.env.PIXELMESH_UPSCALE_MODELS_MEMORY ??= "6GiB";
  process.env.PIXELMESH_BACKGROUND_MODELS_MEMORY ??= "6GiB";
  return machine.remove;
}

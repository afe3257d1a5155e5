import type { FrameStore, Raster } from "@pixelmesh/imaging";
import type { RasterContext } from "@pixelmesh/worker";
import { applyBeginning, applyChainTo, shapeOf } from "../domain/chain.ts";
import type { FloatPicture } from "../domain/picture/float-picture.ts";
import type { ChainThreads } from "../threads/chain-threads.ts";
import { type ChainWork, runBeginningInThread, runInThread } from "../threads/run-in-thread.ts";
import { createSharedMemory } from "../threads/shared-memory.ts";

/** Computes chains of effects, in the event loop or in threads. */
export type ChainRunner = {
  /** Chains that are computed at once. */
  readonly lanes: number;
  /** Applies a chain. The result lies in the frame store of the step. */
  run(work: ChainWork, context: RasterContext): Promise<Raster>;
  /** Applies the first effects of a chain. Their floats lie in a file of `floatStore`. */
  runBeginning(work: ChainWork, floatStore: FrameStore, context: RasterContext): Promise<FloatPicture>;
};

// Above 20 ms of work. Chains that share the event loop use one core together.
const besidePixels = 4 * 1024 * 1024;

/** Memory for the pictures and results of chains in threads: two chains on 4K pictures at once. Further ones use new memory. */
const sharedBytes = 128 * 1024 * 1024;

/**
 * Creates a runner. The event loop computes one chain at a time, if its pixels times its effects are at most `threadPixels`, and any small ones beside it;
 * threads compute the others (docs/adr/0031).
 */
export function createChainRunner(
  threads: ChainThreads,
  { threadPixels, lanes }: { readonly threadPixels: number; readonly lanes: number },
): ChainRunner {
  const space = { threads, shared: createSharedMemory(sharedBytes) };
  let chainsOnLoop = 0;

  function isForThread({ picture, effects }: ChainWork): boolean {
    const { widthPx, heightPx } = shapeOf(picture);
    const pixels = widthPx * heightPx * effects.length;
    return pixels > threadPixels || (chainsOnLoop > 0 && pixels > besidePixels);
  }
  async function onLoop<T>(work: () => Promise<T>): Promise<T> {
    chainsOnLoop += 1;
    try {
      return await work();
    } finally {
      chainsOnLoop -= 1;
    }
  }

  return {
    lanes,
    async run(work, context) {
      if (isForThread(work)) return runInThread(space, work, context);
      const { frameStore, signal, onProgress } = context;
      const { picture, pictures, effects } = work;
      return onLoop(() => applyChainTo(picture, effects, frameStore, { signal, onProgress, pictures }));
    },
    async runBeginning(work, floatStore, context) {
      // Also small ones: threads and the event loop can read a file.
      const files = { ...floatStore, maxFrameBytes: 0 };
      if (isForThread(work)) return runBeginningInThread(space, work, files, context);
      const { frameStore, signal, onProgress } = context;
      const { picture, pictures, effects } = work;
      return onLoop(() => applyBeginning(picture, effects, files, { signal, onProgress, pictures, frameStore }));
    },
  };
}

import { type FrameStore, isFrameFile, type Raster, shareFrameStore } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type ThreadContext } from "@pixelmesh/lifecycle";
import { type PictureTask, runPictureTask } from "./picture-task.ts";
import type { ThreadTask } from "./picture-thread.ts";

/** Where tasks on pictures are done. */
export type PictureWork = {
  /**
   * Does a task: between turns of this event loop for pictures that are small for it, others in a thread. The caller must not use the task's
   * pictures in memory again. Rejects with the signal's reason when that is aborted.
   */
  run(task: PictureTask, frameStore: FrameStore, context: ThreadContext): Promise<Raster>;
  /** Ends the threads; their tasks reject with STOPPING. */
  close(): Promise<void>;
};

/** Size of the work. */
export type PictureWorkOptions = {
  /** Most threads. */
  readonly threads: number;
  /** Most pixels of a picture for which no thread is used, for all tasks; default: as `loopPixelsOf` says. */
  readonly loopPixels?: number;
};

/** Creates a place for tasks. Threads start with the first large pictures. */
export function createPictureWork({ threads: size, loopPixels }: PictureWorkOptions): PictureWork {
  const threads = createThreads<ThreadTask, Raster>(moduleBeside(import.meta.url, "./picture-thread"), { size });
  return {
    async run(task, frameStore, context) {
      const pictures = picturesOf(task);
      const pixels = Math.max(...pictures.map(({ widthPx, heightPx }) => widthPx * heightPx));
      if (pixels <= (loopPixels ?? loopPixelsOf(task)) && !pictures.some(isFrameFile)) {
        context.signal.throwIfAborted();
        return runPictureTask(task, frameStore, context);
      }
      const shared = await shareFrameStore(frameStore, 4 * pixels);
      return threads.run({ task, frameStore: shared }, context);
    },
    close: threads.close,
  };
}

/**
 * Returns the most pixels for which a task uses no thread. The pixels go to a thread and back through new memory: about 10 ms of this loop for a megapixel
 * and as much in the thread. A cut-out takes 6 to 8 ms for a megapixel, a plain background 4, a picture behind it 25, in turns of at most 5 ms.
 */
function loopPixelsOf(task: PictureTask): number {
  return task.kind === "replace" && task.picture !== undefined ? 2 ** 21 : 2 ** 24;
}

function picturesOf(task: PictureTask): Raster[] {
  if (task.kind === "cutOut") return [task.frame];
  return task.picture ? [task.cutOut, task.picture] : [task.cutOut];
}

import { type FrameStore, isFrameFile, type Raster, shareFrameStore } from "@pixelmesh/imaging";
import { createThreads, moduleBeside, type ThreadContext } from "@pixelmesh/lifecycle";
import { type PictureTask, runPictureTask } from "./picture-task.ts";
import type { ThreadTask } from "./picture-thread.ts";

/** Where tasks on pictures are done. */
export type PictureWork = {
  /**
   * Does a task: small pictures between turns of this event loop, others in a thread. The caller must not use the task's
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
  /**
   * Most pixels of a picture for which no thread is used; default 2 Mi. The kernels take 10 to 20 ms for a megapixel in turns of
   * about 2 ms. In a thread, copies of the pixels and their garbage collection take as long again.
   */
  readonly loopPixels?: number;
};

/** Creates a place for tasks. Threads start with the first large pictures. */
export function createPictureWork({ threads: size, loopPixels = 2 ** 21 }: PictureWorkOptions): PictureWork {
  const threads = createThreads<ThreadTask, Raster>(moduleBeside(import.meta.url, "./picture-thread"), { size });
  return {
    async run(task, frameStore, context) {
      const pictures = picturesOf(task);
      const pixels = Math.max(...pictures.map(({ widthPx, heightPx }) => widthPx * heightPx));
      if (pixels <= loopPixels && !pictures.some(isFrameFile)) {
        context.signal.throwIfAborted();
        return runPictureTask(task, frameStore, context);
      }
      const shared = await shareFrameStore(frameStore, 4 * pixels);
      return threads.run({ task, frameStore: shared }, context);
    },
    close: threads.close,
  };
}

function picturesOf(task: PictureTask): Raster[] {
  if (task.kind === "cutOut") return [task.frame];
  return task.picture ? [task.cutOut, task.picture] : [task.cutOut];
}

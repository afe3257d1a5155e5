import { Worker } from "node:worker_threads";
import { AppError } from "@pixelmesh/errors";
import type { FromThread, ThreadContext, ToThread } from "./serve-thread.ts";
import { type TransferMessage, toTransferMessage } from "./transfer-message.ts";

/** A pool of worker threads for one kind of task, so that the event loop of the process is not blocked. */
export type Threads<Input, Output> = {
  /**
   * Runs the task in an idle or new thread; waits while all are busy. Byte arrays of the input are transferred: the caller must not
   * use them again. Rejects with the signal's reason when that is aborted.
   */
  run(input: Input, context: ThreadContext): Promise<Output>;
  /** Ends the threads; running tasks reject with STOPPING. */
  close(): Promise<void>;
};

/** Size of a pool. */
export type ThreadsOptions = {
  /** Most threads. The caller bounds the number of waiting tasks. */
  readonly size: number;
  /** A thread ends after being idle for this long; default 2 min. */
  readonly idleMs?: number;
};

type Thread = { readonly worker: Worker; idle?: NodeJS.Timeout };

/** Creates a pool for a module that calls `serveThread`. Threads start with the first tasks. */
export function createThreads<Input, Output>(
  module: URL,
  { size, idleMs = 120_000 }: ThreadsOptions,
): Threads<Input, Output> {
  const all = new Set<Thread>();
  const free: Thread[] = [];
  const waiting: ((thread: Thread) => void)[] = [];
  let isClosed = false;

  function start(): Thread {
    const isSource = module.pathname.endsWith(".ts");
    // Without `execArgv` a thread would inherit the modules that the process preloads.
    const execArgv = isSource ? ["--conditions=development", "--disable-warning=ExperimentalWarning"] : [];
    const thread: Thread = { worker: new Worker(module, { execArgv }) };
    all.add(thread);
    // A failure of an idle thread must not end the process.
    thread.worker.on("error", () => {});
    thread.worker.once("exit", () => {
      all.delete(thread);
      const at = free.indexOf(thread);
      if (at >= 0) free.splice(at, 1);
    });
    return thread;
  }
  async function take(signal: AbortSignal): Promise<Thread> {
    const idle = free.pop();
    if (idle) {
      clearTimeout(idle.idle);
      idle.worker.ref();
      return idle;
    }
    if (all.size < size) return start();
    const { promise, resolve, reject } = Promise.withResolvers<Thread>();
    const onAbort = () => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(signal.reason);
    };
    waiting.push(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }
  function release(thread: Thread, isAlive: boolean): void {
    if (!isAlive) all.delete(thread);
    const next = isClosed ? undefined : waiting.shift();
    if (next) next(isAlive ? thread : start());
    if (next || !isAlive) return;
    free.push(thread);
    thread.worker.unref();
    thread.idle = setTimeout(() => void thread.worker.terminate(), idleMs).unref();
  }

  return {
    async run(input, { signal, onProgress }) {
      signal.throwIfAborted();
      if (isClosed) throw stopping();
      const prepared = await toTransferMessage(input);
      // Copying takes time: the task may have been aborted.
      signal.throwIfAborted();
      if (isClosed) throw stopping();
      const thread = await take(signal);
      let isAlive = true;
      try {
        return await runInThread<Input, Output>(thread.worker, prepared, { signal, onProgress });
      } catch (error) {
        isAlive = !(error instanceof ThreadDied);
        signal.throwIfAborted();
        if (isClosed) throw stopping();
        throw error instanceof ThreadDied ? toFailure(error) : error;
      } finally {
        release(thread, isAlive);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...all].map(({ worker }) => worker.terminate()));
    },
  };
}

/** The thread ended or failed during a task. */
class ThreadDied extends Error {}

async function runInThread<Input, Output>(
  worker: Worker,
  { message, transfer }: TransferMessage<Input>,
  { signal, onProgress }: ThreadContext,
): Promise<Output> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Output>();
  const onAbort = () => worker.postMessage({ $case: "abort" } satisfies ToThread<Input>);
  const onMessage = (answer: FromThread<Output>) => {
    if (answer.$case === "progress") onProgress(answer.fraction);
    else if (answer.$case === "done") resolve(answer.output);
    else reject(new AppError(answer.failure.reason, answer.failure.message, { cause: answer.failure.cause }));
  };
  const onError = (cause: unknown) => reject(new ThreadDied("The thread failed", { cause }));
  const onExit = () => reject(new ThreadDied("The thread ended"));
  worker.on("message", onMessage).once("error", onError).once("exit", onExit);
  signal.addEventListener("abort", onAbort, { once: true });
  worker.postMessage({ $case: "run", input: message } satisfies ToThread<Input>, transfer);
  return promise.finally(() => {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    signal.removeEventListener("abort", onAbort);
  });
}

function stopping(): AppError {
  return new AppError("STOPPING", "This process is stopping");
}

function toFailure(died: ThreadDied): AppError {
  return new AppError("INTERNAL", "Internal error; the log of the service has the cause", {
    cause: died.cause ?? died,
  });
}

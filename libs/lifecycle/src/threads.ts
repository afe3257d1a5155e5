import { Worker } from "node:worker_threads";
import { AppError } from "@pixelmesh/errors";
import { type HandOver, toHandOver } from "./hand-over.ts";
import type { FromThread, ThreadContext, ToThread } from "./serve-thread.ts";

/** Threads of this process that do one kind of task, so that its event loop stays free. */
export type Threads<Input, Output> = {
  /**
   * Does the task in a thread that has none, or that is started for it; waits while all are busy. Byte arrays in the input
   * are handed over: the caller must not use them again. Rejects with the signal's reason when that is aborted.
   */
  run(input: Input, context: ThreadContext): Promise<Output>;
  /** Ends the threads; what they were doing fails with STOPPING. */
  close(): Promise<void>;
};

/** How threads are kept. */
export type ThreadsOptions = {
  /** Most at once. How many tasks may wait for one is up to the caller, who has a slot for each. */
  readonly size: number;
  /** A thread that had nothing to do for as long ends; default 2 min. */
  readonly idleMs?: number;
};

type Thread = { readonly worker: Worker; idle?: NodeJS.Timeout };

/** Threads that run a module which calls `serveThread`; none is started before there is a task. */
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
    // What was loaded before this process's main module is not a thread's business.
    const execArgv = isSource ? ["--conditions=development", "--disable-warning=ExperimentalWarning"] : [];
    const thread: Thread = { worker: new Worker(module, { execArgv }) };
    all.add(thread);
    // One that breaks while it has nothing to do breaks nothing else.
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
  function giveBack(thread: Thread, isAlive: boolean): void {
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
      const handed = await toHandOver(input);
      // Copying may have taken a while.
      signal.throwIfAborted();
      if (isClosed) throw stopping();
      const thread = await take(signal);
      let isAlive = true;
      try {
        return await askThread<Input, Output>(thread.worker, handed, { signal, onProgress });
      } catch (error) {
        isAlive = !(error instanceof ThreadDied);
        signal.throwIfAborted();
        if (isClosed) throw stopping();
        throw error instanceof ThreadDied ? toFailure(error) : error;
      } finally {
        giveBack(thread, isAlive);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...all].map(({ worker }) => worker.terminate()));
    },
  };
}

/** The thread ended, or broke, in the middle of a task. */
class ThreadDied extends Error {}

async function askThread<Input, Output>(
  worker: Worker,
  { message, transfer }: HandOver<Input>,
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
  const onError = (cause: unknown) => reject(new ThreadDied("The thread broke", { cause }));
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

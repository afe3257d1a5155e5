import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { AppError, type Reason, toAppError } from "@pixelmesh/errors";
import { toTransferMessage } from "./transfer-message.ts";

/** Signal and progress callback of a task in a thread. */
export type ThreadContext = { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void };

/** A failure as it is sent between threads. */
export type ThreadFailure = { readonly reason: Reason; readonly message: string; readonly cause: string | undefined };

/** Message to a thread, which runs one task at a time. */
export type ToThread<Input> = { readonly $case: "run"; readonly input: Input } | { readonly $case: "abort" };
/** Message from a thread. */
export type FromThread<Output> =
  | { readonly $case: "progress"; readonly fraction: number }
  | { readonly $case: "done"; readonly output: Output }
  | { readonly $case: "failed"; readonly failure: ThreadFailure };

const progressEveryMs = 50;
/**
 * Niceness of a thread: a third of the processor time that a busy thread of the usual niceness gets (sched(7)). At 10, a tenth, steps took
 * minutes beside four busy processes.
 */
const threadNiceness = 5;

/** The body of a thread's module: runs the tasks that `createThreads` sends. Byte arrays of the output are transferred, not copied. */
export function serveThread<Input, Output extends object>(
  task: (input: Input, context: ThreadContext) => Promise<Output>,
): void {
  const port = parentPort;
  if (port === null) throw new AppError("INTERNAL", "A thread's module was loaded outside of a thread");
  // The event loop of the process has priority over its threads. Only Linux has a priority per thread.
  if (process.platform === "linux") setPriority(threadNiceness);
  const send = (message: FromThread<Output>, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let running = new AbortController();

  async function run(input: Input): Promise<void> {
    running = new AbortController();
    let sentMs = 0;
    const onProgress = (fraction: number) => {
      if (performance.now() - sentMs < progressEveryMs) return;
      sentMs = performance.now();
      send({ $case: "progress", fraction });
    };
    try {
      const output = await task(input, { signal: running.signal, onProgress });
      const { message, transfer } = await toTransferMessage(output);
      send({ $case: "done", output: message }, transfer);
    } catch (error) {
      const { reason, message, cause } = toAppError(error);
      const text = cause instanceof Error ? cause.stack : undefined;
      send({ $case: "failed", failure: { reason, message, cause: text } });
    }
  }

  port.on("message", (message: ToThread<Input>) => {
    if (message.$case === "abort") running.abort();
    else void run(message.input);
  });
}

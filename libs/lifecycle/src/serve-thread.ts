import { constants, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { AppError, type Reason, toAppError } from "@pixelmesh/errors";
import { toHandOver } from "./hand-over.ts";

/** What a task in a thread listens and reports to. */
export type ThreadContext = { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void };

/** A failure as it travels between threads. */
export type ThreadFailure = { readonly reason: Reason; readonly message: string; readonly cause: string | undefined };

/** What is said to a thread, one task at a time, and what it answers. */
export type ToThread<Input> = { readonly $case: "run"; readonly input: Input } | { readonly $case: "abort" };
export type FromThread<Output> =
  | { readonly $case: "progress"; readonly fraction: number }
  | { readonly $case: "done"; readonly output: Output }
  | { readonly $case: "failed"; readonly failure: ThreadFailure };

const progressEveryMs = 50;

/** The body of a thread's module: does the tasks that `createThreads` gives it. Bytes of the output are handed over, not copied. */
export function serveThread<Input, Output extends object>(
  task: (input: Input, context: ThreadContext) => Promise<Output>,
): void {
  const port = parentPort;
  if (port === null) throw new AppError("INTERNAL", "A thread's module was loaded outside of a thread");
  // The process's event loop goes first where cores are short. Only on Linux a priority is the thread's own.
  if (process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const say = (answer: FromThread<Output>, transfer: ArrayBuffer[] = []) => port.postMessage(answer, transfer);
  let running = new AbortController();

  async function run(input: Input): Promise<void> {
    running = new AbortController();
    let saidMs = 0;
    const onProgress = (fraction: number) => {
      if (performance.now() - saidMs < progressEveryMs) return;
      saidMs = performance.now();
      say({ $case: "progress", fraction });
    };
    try {
      const output = await task(input, { signal: running.signal, onProgress });
      const { message, transfer } = await toHandOver(output);
      say({ $case: "done", output: message }, transfer);
    } catch (error) {
      const { reason, message, cause } = toAppError(error);
      const text = cause instanceof Error ? cause.stack : undefined;
      say({ $case: "failed", failure: { reason, message, cause: text } });
    }
  }

  port.on("message", (message: ToThread<Input>) => {
    if (message.$case === "abort") running.abort();
    else void run(message.input);
  });
}

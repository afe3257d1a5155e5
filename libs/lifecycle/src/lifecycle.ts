import { withTimeout } from "./with-timeout.ts";

/** What the lifecycle needs of a logger. */
export type LifecycleLog = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** What a process has opened, and how it is closed again. */
export type Lifecycle = {
  /** Aborted when closing begins: whoever waits on behalf of the whole process waits with this. */
  readonly signal: AbortSignal;
  /** Resolves with the failure when a part says that the process cannot go on. */
  readonly failed: Promise<unknown>;
  /** Registers the closing of something just opened. Closed in reverse order, each within `timeoutMs` (default 10 s). */
  defer(name: string, close: () => unknown, timeoutMs?: number): void;
  /** Ends the process's work because of a failure nobody can mend here. */
  fail(error: unknown): void;
  /** Closes everything once; a failing or slow step is logged and does not keep the next from running. */
  close(): Promise<{ readonly failures: readonly string[] }>;
};

/** A lifecycle with nothing opened yet. */
export function createLifecycle(log: LifecycleLog): Lifecycle {
  const steps: { name: string; close: () => unknown; timeoutMs: number }[] = [];
  const stopping = new AbortController();
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>();
  let closing: Promise<{ failures: readonly string[] }> | undefined;

  async function closeAll() {
    stopping.abort();
    const failures: string[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const { name, close, timeoutMs } = step;
      try {
        await withTimeout(`Closing ${name}`, timeoutMs, Promise.resolve().then(close));
      } catch (error) {
        failures.push(name);
        log.error({ err: error, step: name }, "closing failed");
      }
    }
    return { failures };
  }

  return {
    signal: stopping.signal,
    failed,
    fail,
    defer(name, close, timeoutMs = 10_000) {
      steps.push({ name, close, timeoutMs });
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

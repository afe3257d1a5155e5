import { withTimeout } from "./with-timeout.ts";

/** The part of a logger that the lifecycle needs. */
export type LifecycleLog = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Everything a process has opened, with how to close it. */
export type Lifecycle = {
  /** Aborted when closing begins. Waits on behalf of the whole process use it. */
  readonly signal: AbortSignal;
  /** Resolves with the error of the first `fail`. */
  readonly failed: Promise<unknown>;
  /** Registers how to close something just opened. Steps run in reverse order, each for at most `timeoutMs` (default 10 s). */
  defer(name: string, close: () => unknown, timeoutMs?: number): void;
  /** Reports a failure after which the process cannot continue. */
  fail(error: unknown): void;
  /** Closes everything once. A failing or slow step is logged and the next one runs. */
  close(): Promise<{ readonly failures: readonly string[] }>;
};

/** Creates an empty lifecycle. */
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

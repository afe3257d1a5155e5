import { AppError, isAbort } from "@pixelmesh/errors";
import type { CallOptions } from "./call-options.ts";

/** Makes every call end in one shape when its signal is aborted or the client is closed. */
export type Endings = {
  /**
   * Runs a call with a signal that is aborted by the caller's and by `close`. Rejects at once then, with CANCELLED, or DEADLINE_EXCEEDED
   * where the signal timed out; the cause is the signal's reason. Without a call after that.
   */
  call<T>(options: CallOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same for each step of an iterable, which `open` begins at the first one. */
  iterate<T>(options: CallOptions, open: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T, void, undefined>;
  /** Throws as `call` where the signal is aborted or the client closed already. */
  check(options: CallOptions): void;
  /** Ends all calls; repeating it is harmless. */
  close(): void;
};

/** Endings of the calls of one client. */
export function createEndings(): Endings {
  const closed = new AbortController();

  function join({ signal }: CallOptions): AbortSignal {
    return signal ? AbortSignal.any([closed.signal, signal]) : closed.signal;
  }
  function toEnding(signal: AbortSignal): AppError {
    if (closed.signal.aborted) {
      return new AppError("CANCELLED", "The client was closed", { cause: closed.signal.reason });
    }
    const cause: unknown = signal.reason;
    return isTimeout(cause)
      ? new AppError("DEADLINE_EXCEEDED", "The time for the call was up before it was done", { cause })
      : new AppError("CANCELLED", "The call was cancelled by its signal", { cause });
  }
  /** What to throw for a failure: one that the aborted signal brought about is told as that, any other as it is. */
  function toFailure(error: unknown, signal: AbortSignal): unknown {
    if (!signal.aborted) return isAbort(error) ? toLateEnding(error) : error;
    const isOwn = isAbort(error) || error === signal.reason || isCutOff(error);
    return isOwn ? toEnding(signal) : error;
  }

  function check(options: CallOptions): AbortSignal {
    const signal = join(options);
    if (signal.aborted) throw toEnding(signal);
    return signal;
  }

  return {
    check,
    async call(options, run) {
      const signal = check(options);
      try {
        return await untilAborted(run(signal), signal);
      } catch (error) {
        throw toFailure(error, signal);
      }
    },
    async *iterate(options, open) {
      const signal = check(options);
      const iterator = open(signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await untilAborted(iterator.next(), signal);
          if (next.done) return;
          yield next.value;
          signal.throwIfAborted();
        }
      } catch (error) {
        throw toFailure(error, signal);
      } finally {
        // Not awaited: what hangs in a step would keep the caller waiting.
        iterator.return?.()?.catch(() => {});
      }
    },
    close: () => closed.abort(new Error("close() was called")),
  };
}

function isTimeout(reason: unknown): boolean {
  if (reason instanceof AppError) return reason.reason === "DEADLINE_EXCEEDED";
  return reason instanceof Error && reason.name === "TimeoutError";
}

/** Whether a failure is how gRPC tells that the call or its connection was let go. */
function isCutOff(error: unknown): boolean {
  return error instanceof AppError && ["CANCELLED", "SERVICE_UNAVAILABLE", "INTERNAL"].includes(error.reason);
}

function toLateEnding(error: unknown): AppError {
  const isLate = (error as Error).name === "TimeoutError";
  return isLate
    ? new AppError("DEADLINE_EXCEEDED", "The time for the call was up before it was done", { cause: error })
    : new AppError("CANCELLED", "The call was cancelled", { cause: error });
}

/** The promise, or a rejection with the signal's reason as soon as that is aborted. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // What is decided later is nobody's to handle.
    promise.catch(() => {});
    aborted.promise.catch(() => {});
  }
}

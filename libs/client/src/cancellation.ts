import { AppError, isAbort } from "@pixelmesh/errors";
import type { CallOptions } from "./call-options.ts";

/** Cancels calls when their signal is aborted or the client is closed, always with the same errors. */
export type Cancellation = {
  /**
   * Runs a call with a signal that the caller's signal and `close` abort. On abort it rejects at once with CANCELLED, or with
   * DEADLINE_EXCEEDED if the signal timed out; the cause is the signal's reason. If the signal is already aborted, `run` is not called.
   */
  call<T>(options: CallOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Does the same for each step of an iterable, which `open` begins at the first one. */
  iterate<T>(options: CallOptions, open: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T, void, undefined>;
  /** Throws as `call` does if the signal is aborted or the client closed. */
  check(options: CallOptions): void;
  /** Cancels all calls. Idempotent. */
  close(): void;
};

/** Creates the cancellation for the calls of one client. */
export function createCancellation(): Cancellation {
  const closed = new AbortController();

  function join({ signal }: CallOptions): AbortSignal {
    return signal ? AbortSignal.any([closed.signal, signal]) : closed.signal;
  }
  function toCancelled(signal: AbortSignal): AppError {
    if (closed.signal.aborted) {
      return new AppError("CANCELLED", "The client was closed", { cause: closed.signal.reason });
    }
    const cause: unknown = signal.reason;
    return isTimeout(cause)
      ? new AppError("DEADLINE_EXCEEDED", "The call timed out before it was done", { cause })
      : new AppError("CANCELLED", "The call was cancelled by its signal", { cause });
  }
  /** Converts a failure that the aborted signal caused to its error. Returns other failures unchanged. */
  function toFailure(error: unknown, signal: AbortSignal): unknown {
    if (!signal.aborted) return isAbort(error) ? toAborted(error) : error;
    const isOwn = isAbort(error) || error === signal.reason || isCutOff(error);
    return isOwn ? toCancelled(signal) : error;
  }

  function check(options: CallOptions): AbortSignal {
    const signal = join(options);
    if (signal.aborted) throw toCancelled(signal);
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
        // Not awaited: a step that hangs would block the caller.
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

/** Whether gRPC failed the call because the call or its connection was dropped. */
function isCutOff(error: unknown): boolean {
  return error instanceof AppError && ["CANCELLED", "SERVICE_UNAVAILABLE", "INTERNAL"].includes(error.reason);
}

function toAborted(error: unknown): AppError {
  const isLate = (error as Error).name === "TimeoutError";
  return isLate
    ? new AppError("DEADLINE_EXCEEDED", "The call timed out before it was done", { cause: error })
    : new AppError("CANCELLED", "The call was cancelled", { cause: error });
}

/** Resolves as the promise does, or rejects with the signal's reason as soon as that is aborted. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // A later rejection has no handler.
    promise.catch(() => {});
    aborted.promise.catch(() => {});
  }
}

import { createBackoff } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import type { Cancellation } from "./cancellation.ts";

/** Retries `call`, which must be idempotent, until it succeeds, fails for good, or the time for retries is over. */
export async function callWithRetries<T>(
  call: () => Promise<T>,
  options: { readonly retryTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const backoff = createBackoff(options.retryTimeoutMs);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await backoff.wait(error, options.signal);
    }
  }
}

/** Returns a function that makes an idempotent call with retries and with cancellation. */
export function createRetriedCall(cancellation: Cancellation, retryTimeoutMs: number) {
  return <T>(options: CallOptions, call: (options: CallOptions) => Promise<T>): Promise<T> =>
    cancellation.call(options, (signal) =>
      callWithRetries(() => call({ ...options, signal }), { retryTimeoutMs, signal }),
    );
}

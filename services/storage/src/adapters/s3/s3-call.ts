import { AppError } from "@pixelmesh/errors";
import type { S3Address } from "./s3-address.ts";
import type { S3Connection } from "./s3-client.ts";
import { tooSlow, toS3Error } from "./s3-errors.ts";
import type { S3Settings } from "./s3-fields.ts";

/** What all operations share. */
export type S3Parts = S3Connection & { readonly settings: S3Settings; readonly address: S3Address };

/** Options of one request: its signal, and its own longest wait for an answer. */
export type RequestOptions = { readonly abortSignal: AbortSignal; readonly requestTimeout?: number };

/**
 * Runs the requests of a call with a signal that ends at the caller's signal and after the longest time of a call. Failures are converted: the reason
 * of the caller's signal as it is, all others to AppError.
 */
export async function callS3<T>(
  { settings, address }: Pick<S3Parts, "settings" | "address">,
  what: string,
  signal: AbortSignal | undefined,
  run: (options: Required<RequestOptions>) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const wholeMs = settings.s3WholeMs;
  const deadline = AbortSignal.timeout(wholeMs);
  const abortSignal = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const onAbort = () => reject(abortSignal.reason);
  abortSignal.addEventListener("abort", onAbort, { once: true });
  try {
    // Waits between retries do not end with the signal: the race does.
    return await Promise.race([run({ abortSignal, requestTimeout: settings.s3FirstByteMs }), aborted]);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw deadline.aborted ? tooSlow(what, wholeMs, address, error) : toS3Error(error, address);
  } finally {
    abortSignal.removeEventListener("abort", onAbort);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { type CallOptions, ClientError, type ClientMiddlewareCall, Status } from "nice-grpc-common";

/** Tries of a refused call in all. */
export const maxTries = 5;
const pauseMs = 25;
/** Time after which the caller may repeat a refused call. */
const retryAfterMs = 100;

/**
 * Whether the server refused the stream of a call before it processed any of it (HTTP/2's REFUSED_STREAM). That happens when a
 * connection reaches its maximum age. Every such call is safe to repeat (RFC 9113, section 8.7). grpc-js reports it with one text for
 * the call and another for a message that was being sent.
 */
export function isRefused(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    error.code === Status.UNAVAILABLE &&
    (error.details === "Stream refused by server" || error.details.includes("NGHTTP2_REFUSED_STREAM"))
  );
}

/** Returns a stream of requests that can be sent again: each try calls `open` for a new stream. */
export function restartable<Request>(open: () => AsyncIterable<Request>): AsyncIterable<Request> {
  return { [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() };
}

/**
 * Retries refused calls of streams, up to 5 tries. A stream of requests is sent again if it can be iterated again (see `restartable`) or if none
 * of it was read. Otherwise the call fails with SERVICE_UNAVAILABLE and RetryInfo.
 */
export async function* retryRefusedMiddleware<Request, Response>(
  call: ClientMiddlewareCall<Request, Response>,
  options: CallOptions,
) {
  const body = call.requestStream ? createBody(call.request) : undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      const request = body ? body.open() : call.request;
      return yield* call.next(request as Request & AsyncIterable<Request>, options) as AsyncGenerator<
        Response,
        Response
      >;
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (body && !body.canRepeat()) throw cannotRepeat(error);
      if (tries === maxTries) throw error;
    }
    await pauseBeforeTry(tries + 1, options.signal);
  }
}

/** Waits before the next try of a refused call. There is no wait before the second one. */
export async function pauseBeforeTry(nextTry: number, signal: AbortSignal | undefined): Promise<void> {
  if (nextTry > 2) await sleep(pauseMs * (nextTry - 1), undefined, signal ? { signal } : {});
}

/** The requests of a call, and whether they can be sent again. */
function createBody<Request>(requests: AsyncIterable<Request>) {
  let isOneWay = false;
  let isBegun = false;
  return {
    canRepeat: () => !isOneWay || !isBegun,
    open: (): AsyncIterable<Request> => ({
      [Symbol.asyncIterator]() {
        const iterator = requests[Symbol.asyncIterator]();
        // A generator is its own iterator: it cannot start again.
        isOneWay = (iterator as unknown) === requests;
        return {
          next() {
            isBegun = true;
            return iterator.next();
          },
          // Ending an iterator that was not read would leave nothing for the next try.
          return: async () =>
            (isBegun ? await iterator.return?.() : undefined) ?? { done: true as const, value: undefined },
        };
      },
    }),
  };
}

function cannotRepeat(cause: unknown): AppError {
  const text = "The connection ended before the call began, and its body cannot be sent again; repeat the call";
  return new AppError("SERVICE_UNAVAILABLE", text, { retryAfterMs, cause });
}

import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { type CallOptions, ClientError, type ClientMiddlewareCall, Status } from "nice-grpc-common";

const mostTries = 5;
const pauseMs = 25;
/** When a refused call may be repeated by its caller. */
const retryAfterMs = 100;

/**
 * Whether the server refused the stream of a call before it processed any of it (HTTP/2's REFUSED_STREAM): its connection was at
 * its end, as connections are every few minutes so that clients find new replicas. Such a call is safe to repeat whatever it does
 * (RFC 9113, section 8.7). grpc-js says it in two ways: for the call, and for a message that was being sent.
 */
export function isRefused(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    error.code === Status.UNAVAILABLE &&
    (error.details === "Stream refused by server" || error.details.includes("NGHTTP2_REFUSED_STREAM"))
  );
}

/** A stream of requests that can be sent again: each try calls `open` for one from the start. */
export function restartable<Request>(open: () => AsyncIterable<Request>): AsyncIterable<Request> {
  return { [Symbol.asyncIterator]: () => open()[Symbol.asyncIterator]() };
}

/**
 * Repeats refused calls, a few times at most. A stream of requests is repeated where it can be iterated anew, as one of
 * `restartable` can, or where nothing of it was taken yet; otherwise the call fails with SERVICE_UNAVAILABLE and RetryInfo.
 */
export async function* refusedMiddleware<Request, Response>(
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
      if (tries === mostTries) throw error;
    }
    if (tries > 1) await sleep(pauseMs * tries, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** The requests of a call, and whether they can be given again. */
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
          // Ending one that was not begun would leave nothing for the next try.
          return: async () =>
            (isBegun ? await iterator.return?.() : undefined) ?? { done: true as const, value: undefined },
        };
      },
    }),
  };
}

function cannotRepeat(cause: unknown): AppError {
  const text =
    "The connection was at its end before the call began, and its body cannot be sent twice; repeat the call";
  return new AppError("SERVICE_UNAVAILABLE", text, { retryAfterMs, cause });
}

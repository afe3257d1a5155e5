import { AppError } from "@pixelmesh/errors";
import { ClientError, type ClientMiddlewareCall, Status } from "nice-grpc-common";

const mostTries = 5;

/**
 * Whether the server let nobody see the call: its connection was at its end, as connections are every few minutes so that
 * clients find new replicas. Such a call is safe to repeat whatever it does. grpc-js does that once by itself, where it still
 * has all that was sent, and else says so.
 */
function isRefused(error: unknown): boolean {
  const failure = error instanceof AppError ? error.cause : error;
  const words = "Stream refused by server";
  return failure instanceof ClientError && failure.code === Status.UNAVAILABLE && failure.details === words;
}

/** Makes calls again that were refused unseen. A stream of requests was read already: see repeatRefused. */
export async function* refusedMiddleware<Request, Response, Options>(
  call: ClientMiddlewareCall<Request, Response>,
  options: Options,
) {
  for (let tries = 1; ; tries += 1) {
    try {
      return yield* call.next(call.request as Request, options as object) as AsyncGenerator<Response, Response>;
    } catch (error) {
      if (call.requestStream || tries === mostTries || !isRefused(error)) throw error;
    }
  }
}

/** Makes a call with a stream of requests again, from its start, for as long as it is refused unseen; a few times at most. */
export async function repeatRefused<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (tries === mostTries || !isRefused(error)) throw error;
    }
  }
}

import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Logger } from "@pixelmesh/telemetry";
import { releaseOf } from "./once-sent.ts";

type InnermostCall = Parameters<ServerInterceptor>[1];

/** A response, and the callback for the moment when HTTP/2 has taken all its bytes. */
class TrackedResponse {
  readonly message: unknown;
  readonly onWritten: () => void;
  constructor(message: unknown, onWritten: () => void) {
    this.message = message;
    this.onWritten = onWritten;
  }
}

/**
 * Applies backpressure to a stream of responses: passes a response on only after the previous one has been written. A reader that
 * stops thus holds two messages in this process; grpc-js alone takes 16 before a handler waits. Nothing may change the responses after it,
 * and `limitUnreadResponses` must see every call.
 */
export async function* applyBackpressure<Response>(
  responses: AsyncIterable<Response>,
  signal: AbortSignal,
): AsyncGenerator<Response, undefined, undefined> {
  let previous: Promise<void> | undefined;
  for await (const message of responses) {
    if (previous) await unlessAborted(previous, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    previous = promise;
    yield new TrackedResponse(message, resolve) as Response;
  }
}

async function unlessAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([wait, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Notifies `applyBackpressure` and `onceSent` when a response of this innermost call has been written. Resets the stream of a client that reads
 * nothing for `stallMs`: the client gets ENHANCE_YOUR_CALM, which gRPC maps to RESOURCE_EXHAUSTED.
 */
export function limitUnreadResponses(call: InnermostCall, method: string, stallMs: number, log: Logger): void {
  const send = call.sendMessage.bind(call);
  call.sendMessage = (response, callback) => {
    const tracked = response instanceof TrackedResponse ? response : undefined;
    const release = releaseOf(response);
    const { stream } = call as unknown as { readonly stream: ServerHttp2Stream };
    const timer = setTimeout(() => {
      log.info({ method, stallMs }, "the client reads no response; its call is ended");
      // The status of a call is queued behind its messages: only a reset ends an unread stream.
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }, stallMs);
    timer.unref();
    const end = () => {
      clearTimeout(timer);
      release?.();
    };
    // grpc-js does not call back for a response of a call that has ended.
    if (stream.closed || stream.destroyed) end();
    else stream.once("close", end);
    send(tracked ? tracked.message : response, () => {
      stream.off("close", end);
      end();
      tracked?.onWritten();
      callback();
    });
  };
}

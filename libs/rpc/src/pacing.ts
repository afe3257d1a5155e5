import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Logger } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";

type InnermostCall = Parameters<ServerInterceptor>[1];

/** A response on its way out, and the callback for when HTTP/2 has taken all its bytes. */
class PacedResponse {
  readonly message: unknown;
  readonly onWritten: () => void;
  constructor(message: unknown, onWritten: () => void) {
    this.message = message;
    this.onWritten = onWritten;
  }
}

/**
 * Applies backpressure to streams of responses: a response is handed over when the one before it has been written, so a reader that
 * stops holds two messages in this process. By itself grpc-js takes 16 before it makes a handler wait. It must be the outermost
 * middleware, and `paceCall` must see every call.
 */
export async function* paceMiddleware<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
): AsyncGenerator<Response, Response | undefined, undefined> {
  if (!call.responseStream) return yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
  let before: Promise<void> | undefined;
  for await (const message of call.next(call.request, context) as AsyncIterable<Response>) {
    if (before) await unlessAborted(before, context.signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    before = promise;
    yield new PacedResponse(message, resolve) as Response;
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
 * Tells `paceMiddleware` when a response of this innermost call has been written, and resets the stream of a client that takes
 * none for `stallMs`: such a client gets ENHANCE_YOUR_CALM, which gRPC calls RESOURCE_EXHAUSTED.
 */
export function paceCall(call: InnermostCall, method: string, stallMs: number, log: Logger): void {
  const send = call.sendMessage.bind(call);
  call.sendMessage = (response, callback) => {
    const paced = response instanceof PacedResponse ? response : undefined;
    const timer = setTimeout(() => {
      log.info({ method, stallMs }, "the client reads no response; its call is ended");
      // The status of a call waits behind its messages: only a reset ends a stream that is not read.
      (call as unknown as { readonly stream: ServerHttp2Stream }).stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }, stallMs);
    timer.unref();
    send(paced ? paced.message : response, () => {
      clearTimeout(timer);
      paced?.onWritten();
      callback();
    });
  };
}

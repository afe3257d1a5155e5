import { type Channel, type StatusObject, status } from "@grpc/grpc-js";
import { AppError } from "@pixelmesh/errors";
import { RichClientError } from "nice-grpc-error-details";
import type { OpenCall } from "../client/call-scope.ts";
import { createMetadata, toClientError } from "../client/unary-attempt.ts";

/** A call whose messages are bytes. */
export type RawCall = {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The encoded requests. Each is read only after the previous one has been written. */
  readonly requests: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** Time for this call in milliseconds, at most the time that the running call has left. */
  readonly timeoutMs: number;
  /** Name of the called service, for the error if nothing answers. */
  readonly service: string;
};

/** The end of a call: its status, or the failure of its requests. */
type End = { readonly status: StatusObject } | { readonly failure: unknown };

/** Time after which to repeat a call that no process of the service took. */
const retryAfterMs = 1_000;

/**
 * Calls a method with encoded messages and yields the encoded responses. Reads a response only when the previous one was taken, and a request only when
 * the previous one was written, so that a slow side slows down the other one. Trace, tenant and deadline are those of the running call. Throws the
 * server's AppError, the signal's abort, or SERVICE_UNAVAILABLE with RetryInfo if no process of the service answers. Cancels the call
 * when the consumer stops reading.
 */
export async function* callRaw(
  channel: Channel,
  openCall: OpenCall,
  { path, requests, signal, timeoutMs, service }: RawCall,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const scope = openCall(path, { timeoutMs });
  const metadata = createMetadata();
  scope.addHeaders((name, value) => metadata.set(name, value));
  const call = channel.createCall(path, scope.deadlineUnixMs ?? Number.POSITIVE_INFINITY, null, null, null);
  const iterator = requests[Symbol.asyncIterator]();
  let end: End | undefined;
  let received: Uint8Array | undefined;
  /** Ends the wait for a response. */
  let wake = () => {};
  /** Ends the wait for the callback of a request. grpc-js does not call back once the call has ended. */
  const ended = Promise.withResolvers<void>();
  const finish = (how: End) => {
    end ??= how;
    ended.resolve();
    wake();
  };
  const onAbort = () => finish({ failure: signal.reason });

  async function send(): Promise<void> {
    for (let next = await iterator.next(); !next.done && !end; next = await iterator.next()) {
      const bytes = toBuffer(next.value);
      const written = new Promise<void>((resolve) => {
        call.sendMessageWithContext({ callback: () => resolve() }, bytes);
      });
      await Promise.race([written, ended.promise]);
      if (end) return;
    }
    if (!end) call.halfClose();
  }

  call.start(metadata, {
    onReceiveMetadata() {},
    onReceiveMessage(message: Buffer | null) {
      if (message === null) return;
      received = message;
      wake();
    },
    onReceiveStatus: (status) => finish({ status }),
  });
  signal.addEventListener("abort", onAbort, { once: true });
  send().catch((failure: unknown) => finish({ failure }));
  try {
    for (;;) {
      call.startRead();
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      if (!received && !end) await promise;
      if (received) {
        const message = received;
        received = undefined;
        yield message;
      } else if (end) {
        if ("failure" in end) throw end.failure;
        if (end.status.code !== status.OK) throw toClientError(path, end.status);
        scope.succeed();
        return;
      }
    }
  } catch (error) {
    throw toNamedFailure(scope.fail(error), service);
  } finally {
    signal.removeEventListener("abort", onAbort);
    finish({ failure: undefined });
    call.cancelWithStatus(status.CANCELLED, "Cancelled on client");
    // Not awaited: a request that never comes would keep the call.
    iterator.return?.()?.catch(() => {});
    scope.end();
  }
}

/** Names the service in the failure of a call that no process of it answered; grpc-js's text names addresses. Keeps other failures. */
function toNamedFailure(failure: unknown, service: string): unknown {
  if (!(failure instanceof AppError) || failure.reason !== "SERVICE_UNAVAILABLE") return failure;
  if (failure.cause instanceof RichClientError) return failure;
  return new AppError("SERVICE_UNAVAILABLE", `The ${service} service does not answer; repeat the call`, {
    retryAfterMs,
    metadata: { service },
    cause: failure,
  });
}

/** Returns the same bytes as a Buffer, without a copy. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

import { type CallOptions, type ClientMiddlewareCall, Metadata } from "nice-grpc-common";

type Deadline = { readonly deadline?: Date | number };

const maxDigits = 8;

/** Formats `grpc-timeout` as gRPC over HTTP/2 defines it: up to 8 digits and a unit. At least 1 ms. */
export function toTimeoutHeader(remainingMs: number): string {
  const ms = Math.max(1, Math.ceil(remainingMs));
  if (String(ms).length <= maxDigits) return `${ms}m`;
  return `${Math.min(10 ** maxDigits - 1, Math.ceil(ms / 1_000))}S`;
}

/**
 * Sends the server the time that remains for this attempt of a call. nice-grpc's own deadlines end calls on the caller's side
 * only. Each attempt has its own header, so this middleware lies between the retries and the deadline.
 */
export async function* timeoutHeaderMiddleware<Request, Response>(
  call: ClientMiddlewareCall<Request, Response, Deadline>,
  options: CallOptions & Deadline,
) {
  const { deadline } = options;
  if (deadline === undefined) return yield* call.next(call.request, options);
  const metadata = Metadata(options.metadata);
  metadata.set("grpc-timeout", toTimeoutHeader(deadline instanceof Date ? deadline.getTime() - Date.now() : deadline));
  return yield* call.next(call.request, { ...options, metadata });
}

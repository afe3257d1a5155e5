import { AppError } from "@pixelmesh/errors";
import type { FastifyRequest } from "fastify";
import { StatusError } from "./status-error.ts";

/** Limits of a body that is read as a stream. */
export type BodyLimits = {
  readonly maxBytes: number;
  /** How long a caller may send nothing. */
  readonly stallMs: number;
  /** Counts read bytes. */
  readonly onRead: (bytes: number) => void;
};

/**
 * Yields the body of a request as it arrives, and reads on only when it is asked. Throws REQUEST_TOO_LARGE at the first byte above the limit (413), at
 * once if the announced length is above it, DEADLINE_EXCEEDED if nothing arrives for `stallMs` (408), and CANCELLED if the caller leaves.
 */
export async function* readBody(
  request: FastifyRequest,
  { maxBytes, stallMs, onRead }: BodyLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const { raw } = request;
  // The connection stays open for the answer when this generator ends early.
  const chunks = raw.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let read = 0;
  try {
    for (;;) {
      const next = await withStall(chunks.next(), stallMs);
      if (next.done) break;
      read += next.value.length;
      if (read > maxBytes) throw tooLarge(maxBytes);
      onRead(next.value.length);
      yield next.value;
    }
  } catch (error) {
    if (error instanceof AppError || error instanceof StatusError) throw error;
    throw new AppError("CANCELLED", "The caller closed the connection", { cause: error });
  } finally {
    // Not awaited: it would wait for a chunk that may never come.
    chunks.return?.()?.catch(() => {});
  }
  if (!raw.complete) throw new AppError("CANCELLED", "The caller closed the connection");
}

/** Whether the request has a body. */
export function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("REQUEST_TOO_LARGE", `Expected a body of at most ${maxBytes} bytes, got more`);
}

async function withStall<T>(promise: Promise<T>, stallMs: number): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const text = `The body sent nothing for ${stallMs / 1000} s`;
  const timer = setTimeout(() => reject(new StatusError(408, new AppError("DEADLINE_EXCEEDED", text))), stallMs);
  try {
    return await Promise.race([promise, stalled]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}

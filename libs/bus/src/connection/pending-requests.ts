import { errors, type Msg } from "@nats-io/transport-node";

type Pending = {
  readonly subject: string;
  readonly untilMs: number;
  readonly resolve: (reply: Msg) => void;
  readonly reject: (error: Error) => void;
};

/** Requests that wait for their reply, by token. */
export type PendingRequests = {
  /** Adds a request; `reply` rejects with TimeoutError up to 0.1 s after `timeoutMs`. */
  add(subject: string, timeoutMs: number): { readonly token: string; readonly reply: Promise<Msg> };
  has(token: string): boolean;
  /** Resolves a request with its reply. Rejects it with RequestError if the broker replied that there are no responders. */
  resolve(token: string, reply: Msg): void;
  fail(token: string, error: Error): void;
  failAll(toError: () => Error): void;
};

/** How much later than its timeout a request may be rejected. */
const sweepEveryMs = 100;

/** Creates an empty set. All requests share one timer. */
export function createPendingRequests(): PendingRequests {
  const pending = new Map<string, Pending>();
  let created = 0;
  let sweeper: NodeJS.Timeout | undefined;

  function stopSweeper(): void {
    clearInterval(sweeper);
    sweeper = undefined;
  }
  function sweep(): void {
    const nowMs = performance.now();
    for (const [token, { untilMs, reject }] of pending) {
      if (nowMs < untilMs) continue;
      pending.delete(token);
      reject(new errors.TimeoutError());
    }
    if (pending.size === 0) stopSweeper();
  }

  return {
    add(subject, timeoutMs) {
      const { promise: reply, resolve, reject } = Promise.withResolvers<Msg>();
      const token = (created++).toString(36);
      pending.set(token, { subject, untilMs: performance.now() + timeoutMs, resolve, reject });
      sweeper ??= setInterval(sweep, sweepEveryMs);
      return { token, reply };
    },
    has: (token) => pending.has(token),
    resolve(token, reply) {
      const request = pending.get(token);
      if (!request) return;
      pending.delete(token);
      const hasNoResponders = reply.data.length === 0 && reply.headers?.code === 503;
      if (hasNoResponders) request.reject(toRequestError(new errors.NoRespondersError(request.subject)));
      else request.resolve(reply);
    },
    fail(token, error) {
      const request = pending.get(token);
      pending.delete(token);
      request?.reject(error);
    },
    failAll(toError) {
      for (const { reject } of pending.values()) reject(toError());
      pending.clear();
      stopSweeper();
    },
  };
}

/** Wraps a failure of the connection as the client does for requests. */
export function toRequestError(cause: Error): Error {
  return new errors.RequestError(cause.message, { cause });
}

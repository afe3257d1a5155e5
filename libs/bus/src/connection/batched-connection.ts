import {
  createInbox,
  errors,
  type Msg,
  type NatsConnection,
  type Payload,
  type PublishOptions,
  type RequestOptions,
} from "@nats-io/transport-node";

type Waiting = {
  readonly subject: string;
  readonly untilMs: number;
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: Error) => void;
};

type OnFailure = (error: Error) => void;

/** How late a request that is not answered may be given up. */
const sweepEveryMs = 100;

/** What is said while the connection is lost waits for the next one, no more than this many messages and bytes. */
const maxHeld = 4_096;
const maxHeldBytes = 16 * 2 ** 20;

/**
 * The same connection with cheap requests and few system calls (docs/adr/0030). The client captures stack traces and starts
 * a timer for every request, answered or not, and writes to its socket once for nearly every message. Here all requests share
 * one inbox and one timer, and all that is said in one turn of the event loop goes out in one write, in the order in which it
 * was said. Failures are the client's: TimeoutError, and RequestError where nobody listens or the connection is closed, or
 * lost before the answer: whoever asked can ask again as soon as the broker is back, not after a timeout.
 */
export function toLeanConnection(nc: NatsConnection, onLostSignal: (error: Error) => void): NatsConnection {
  const prefix = createInbox();
  const waiting = new Map<string, Waiting>();
  let said: (() => void)[] = [];
  let made = 0;
  let isConnected = true;
  let heldBytes = 0;
  let sweeper: NodeJS.Timeout | undefined;

  nc.subscribe(`${prefix}.*`, {
    callback(_error, answer) {
      const token = answer.subject.slice(prefix.length + 1);
      const asked = waiting.get(token);
      if (!asked) return;
      waiting.delete(token);
      const isNobodyThere = answer.data.length === 0 && answer.headers?.code === 503;
      if (isNobodyThere) asked.reject(toRequestError(new errors.NoRespondersError(asked.subject)));
      else asked.resolve(answer);
    },
  });

  function sayNow(): void {
    // The client forgets what it was given between two connections, each time it tries to open the next.
    if (!isConnected) return;
    const saying = said;
    said = [];
    heldBytes = 0;
    for (const say of saying) say();
  }
  /** What cannot be sent any more (a connection that closes, a payload above the broker's limit) fails as its request does. */
  function say(
    subject: string,
    payload: Payload | undefined,
    options: PublishOptions,
    onFailure: OnFailure,
    isWanted = () => true,
  ): void {
    if (said.length === 0) setImmediate(sayNow);
    if (!isConnected) {
      const bytes = payload?.length ?? 0;
      if (said.length >= maxHeld || heldBytes + bytes > maxHeldBytes) {
        onFailure(new errors.RequestError("connection lost, and too much waits for the next one"));
        return;
      }
      heldBytes += bytes;
    }
    said.push(() => {
      try {
        if (isWanted()) nc.publish(subject, payload, options);
      } catch (error) {
        onFailure(error as Error);
      }
    });
  }
  function sweep(): void {
    const nowMs = performance.now();
    for (const [token, { untilMs, reject }] of waiting) {
      if (nowMs < untilMs) continue;
      waiting.delete(token);
      reject(new errors.TimeoutError());
    }
    if (waiting.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }
  /** Fails all that wait; a broker that was asked over a connection that is gone answers none of it. */
  function failAll(toError: () => Error): void {
    for (const { reject } of waiting.values()) reject(toError());
    waiting.clear();
    clearInterval(sweeper);
    sweeper = undefined;
  }
  void nc.closed().then(() => failAll(() => toRequestError(new errors.ClosedConnectionError())));
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === "disconnect") {
        isConnected = false;
        failAll(() => new errors.RequestError("connection lost before the answer"));
      } else if (type === "reconnect") {
        isConnected = true;
        sayNow();
      }
    }
  })();

  function request(subject: string, payload?: Payload, options: Partial<RequestOptions> = {}): Promise<Msg> {
    if (nc.isClosed() || nc.isDraining()) return Promise.reject(toRequestError(new errors.ClosedConnectionError()));
    const { promise, resolve, reject } = Promise.withResolvers<Msg>();
    const token = (made++).toString(36);
    waiting.set(token, { subject, untilMs: performance.now() + (options.timeout ?? 1_000), resolve, reject });
    sweeper ??= setInterval(sweep, sweepEveryMs);
    const { headers } = options;
    const isWanted = () => waiting.has(token);
    const fail = (error: Error) => {
      waiting.delete(token);
      reject(error);
    };
    say(subject, payload, { reply: `${prefix}.${token}`, ...(headers ? { headers } : {}) }, fail, isWanted);
    return promise;
  }

  /** Methods that are not replaced are the connection's own. */
  return Object.create(nc, {
    request: { value: request },
    publish: {
      value: (subject: string, payload?: Payload, options: PublishOptions = {}) =>
        say(subject, payload, options, onLostSignal),
    },
    flush: {
      value: () => {
        sayNow();
        return nc.flush();
      },
    },
    drain: {
      value: () => {
        sayNow();
        return nc.drain();
      },
    },
  }) as NatsConnection;
}

function toRequestError(cause: Error): Error {
  return new errors.RequestError(cause.message, { cause });
}

import {
  createInbox,
  errors,
  type Msg,
  type NatsConnection,
  type Payload,
  type PublishOptions,
  type RequestOptions,
} from "@nats-io/transport-node";
import { createPendingRequests, toRequestError } from "./pending-requests.ts";
import { createWriteBatch } from "./write-batch.ts";

const defaultTimeoutMs = 1_000;

/**
 * Wraps a connection to save processor time and system calls (docs/adr/0030). The client captures a stack trace and starts a timer for
 * every request, and writes to its socket for nearly every message. Here all requests share one inbox and one timer, and all
 * messages of one turn of the event loop are sent in one write, in their order.
 *
 * Requests reject with the client's errors: TimeoutError; RequestError if there are no responders, if the connection is closed, or at once
 * when it is lost. `onUnsent` is called for a message without a reply that could not be sent.
 */
export function toBatchedConnection(nc: NatsConnection, onUnsent: (error: Error) => void): NatsConnection {
  const inbox = createInbox();
  const batch = createWriteBatch(nc);
  const requests = createPendingRequests();

  nc.subscribe(`${inbox}.*`, {
    callback: (_error, reply) => requests.resolve(reply.subject.slice(inbox.length + 1), reply),
  });
  void nc.closed().then(() => requests.failAll(() => toRequestError(new errors.ClosedConnectionError())));
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === "disconnect") {
        batch.pause();
        // No reply can arrive over a lost connection.
        requests.failAll(() => new errors.RequestError("connection lost before the reply"));
      } else if (type === "reconnect") {
        batch.resume();
      }
    }
  })();

  function request(subject: string, payload?: Payload, options: Partial<RequestOptions> = {}): Promise<Msg> {
    if (nc.isClosed() || nc.isDraining()) return Promise.reject(toRequestError(new errors.ClosedConnectionError()));
    const { token, reply } = requests.add(subject, options.timeout ?? defaultTimeoutMs);
    const { headers } = options;
    batch.add({
      subject,
      payload,
      options: { reply: `${inbox}.${token}`, ...(headers ? { headers } : {}) },
      onFailure: (error) => requests.fail(token, error),
      isWanted: () => requests.has(token),
    });
    return reply;
  }
  function publish(subject: string, payload?: Payload, options: PublishOptions = {}): void {
    batch.add({ subject, payload, options, onFailure: onUnsent });
  }
  function flush(): Promise<void> {
    batch.flush();
    return nc.flush();
  }
  function drain(): Promise<void> {
    batch.flush();
    return nc.drain();
  }

  // All other methods are those of the client's connection.
  return Object.create(nc, {
    request: { value: request },
    publish: { value: publish },
    flush: { value: flush },
    drain: { value: drain },
  }) as NatsConnection;
}

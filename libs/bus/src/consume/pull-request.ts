import { createInbox, type Msg } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "../connection/connect.ts";
import { isMessage, type PulledMessage, toPulledMessage } from "./pulled-message.ts";

/** Pulls single messages from the durable consumers of one stream. One `pull` at a time. */
export type Puller = {
  /**
   * Returns a message if one is waiting, else undefined at once. A message that came too late for the pull that requested it is returned first, also
   * if it is of another consumer. Throws DEADLINE_EXCEEDED if the broker does not reply within 2 s.
   */
  pull(durable: string): Promise<PulledMessage | undefined>;
  close(): void;
};

const replyTimeoutMs = 2_000;

/**
 * Opens an inbox for raw pull requests. The client's `next` waits at least a second, so batch work could start while interactive
 * work arrives; a raw request is answered in about 0.2 ms (docs/adr/0002). Each request has its own reply subject. While the connection is lost,
 * requests wait in the client. Then the broker answers several at once. The first message that no pull waits for is kept for the next `pull`,
 * so that it does not wait for its redelivery, and `onLate` is called. Further ones go back to the queue: after a long outage there may be more than
 * this process can take.
 */
export function createPuller(bus: Bus, stream: string, onLate: () => void = () => {}): Puller {
  const inbox = createInbox();
  let lateReply: Msg | undefined;
  let pulls = 0;
  let pending: { readonly subject: string; readonly resolve: (reply: Msg) => void } | undefined;
  const subscription = bus.nc.subscribe(`${inbox}.*`, {
    callback(_error, message) {
      // A message has the subject on which it was stored, so it may answer any request. A status has the reply subject of its request.
      if (pending && (isMessage(message) || message.subject === pending.subject)) {
        pending.resolve(message);
        pending = undefined;
      } else if (isMessage(message)) {
        if (lateReply) return toPulledMessage(bus, message).nak(0);
        lateReply = message;
        onLate();
      }
    },
  });

  return {
    async pull(durable) {
      if (lateReply) {
        const late = lateReply;
        lateReply = undefined;
        return toPulledMessage(bus, late);
      }
      const { promise: replied, resolve } = Promise.withResolvers<Msg>();
      const subject = `${inbox}.${++pulls}`;
      pending = { subject, resolve };
      try {
        bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, '{"batch":1,"no_wait":true}', {
          reply: subject,
        });
        const reply = await withTimeout("The broker's reply to a pull", replyTimeoutMs, replied);
        return isMessage(reply) ? toPulledMessage(bus, reply) : undefined;
      } finally {
        if (pending?.subject === subject) pending = undefined;
      }
    },
    close: () => subscription.unsubscribe(),
  };
}

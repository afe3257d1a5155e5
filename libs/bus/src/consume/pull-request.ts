import { createInbox, type Msg } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "../connection/connect.ts";
import { isMessage, type PulledMessage, toPulledMessage } from "./pulled-message.ts";

/** Pulls single messages from the durable consumers of one stream. One `pull` at a time. */
export type Puller = {
  /** Returns a message if one is waiting, else undefined at once. Throws DEADLINE_EXCEEDED if the broker does not reply within 2 s. */
  pull(durable: string): Promise<PulledMessage | undefined>;
  close(): void;
};

const replyTimeoutMs = 2_000;

/**
 * Opens an inbox for raw pull requests. The client's `next` waits at least a second, so batch work could start while interactive
 * work arrives; a raw request is answered in about 0.2 ms (docs/adr/0002). All pulls share the inbox: the next `pull` returns a
 * message whose reply came late, so that it does not wait for its redelivery.
 */
export function createPuller(bus: Bus, stream: string): Puller {
  const inbox = createInbox();
  const lateReplies: Msg[] = [];
  let onReply: ((message: Msg) => void) | undefined;
  const subscription = bus.nc.subscribe(inbox, {
    callback: (_error, message) => {
      if (onReply) onReply(message);
      else if (isMessage(message)) lateReplies.push(message);
    },
  });

  return {
    async pull(durable) {
      const late = lateReplies.shift();
      if (late) return toPulledMessage(bus, late);
      const { promise: replied, resolve } = Promise.withResolvers<Msg>();
      onReply = resolve;
      try {
        bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, '{"batch":1,"no_wait":true}', {
          reply: inbox,
        });
        const reply = await withTimeout("The broker's reply to a pull", replyTimeoutMs, replied);
        return isMessage(reply) ? toPulledMessage(bus, reply) : undefined;
      } finally {
        onReply = undefined;
      }
    },
    close: () => subscription.unsubscribe(),
  };
}

import { createInbox, type Msg } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "../connection/connect.ts";
import { isMessage, type Pulled, toPulled } from "./pulled-message.ts";

/** Takes single messages from the durable consumers of one stream. One `take` at a time. */
export type Puller = {
  /** One message if one waits, else undefined at once. */
  take(durable: string): Promise<Pulled | undefined>;
  close(): void;
};

const answerTimeoutMs = 2_000;

/**
 * Raw pull requests over an inbox of their own: the client's `next` waits at least a second, which would let batch work
 * start while interactive work arrives (a raw one answers in about 0.2 ms, docs/adr/0002). The inbox is kept, so that a
 * message whose answer came late is taken by the next `take` instead of waiting for its redelivery.
 */
export function createPuller(bus: Bus, stream: string): Puller {
  const inbox = createInbox();
  const early: Msg[] = [];
  let waiting: ((message: Msg) => void) | undefined;
  const subscription = bus.nc.subscribe(inbox, {
    callback: (_error, message) => {
      if (waiting) waiting(message);
      else if (isMessage(message)) early.push(message);
    },
  });

  return {
    async take(durable) {
      const late = early.shift();
      if (late) return toPulled(bus, late);
      const { promise: answered, resolve } = Promise.withResolvers<Msg>();
      waiting = resolve;
      try {
        bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, '{"batch":1,"no_wait":true}', {
          reply: inbox,
        });
        const answer = await withTimeout("The broker's answer to a pull", answerTimeoutMs, answered);
        return isMessage(answer) ? toPulled(bus, answer) : undefined;
      } finally {
        waiting = undefined;
      }
    },
    close: () => subscription.unsubscribe(),
  };
}

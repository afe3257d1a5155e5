import { createInbox, type Msg } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "./connect.ts";
import type { Delivery } from "./verdict.ts";

/** A message taken from a durable consumer, with the verbs of the acknowledgement protocol. */
export type Pulled = {
  readonly delivery: Omit<Delivery, "isLate">;
  readonly payload: Uint8Array;
  header(name: string): string | undefined;
  /** Confirmed by the broker; false when it did not confirm in time. */
  ack(): Promise<boolean>;
  giveBack(delayMs: number): void;
  stillWorking(): void;
  terminate(): void;
};

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

/** Statuses (404 nothing there, 409 consumer gone, …) carry a code and nothing to acknowledge. */
function isMessage(answer: Msg): boolean {
  return !answer.headers?.code && answer.reply !== undefined && answer.reply !== "";
}

function toPulled(bus: Bus, message: Msg): Pulled {
  const reply = message.reply as string;
  const respond = (verb: string) => bus.nc.publish(reply, verb);
  return {
    delivery: parseDelivery(message.subject, reply),
    payload: message.data,
    header: (name) => message.headers?.get(name) || undefined,
    ack: () =>
      bus.nc.request(reply, "+ACK", { timeout: answerTimeoutMs }).then(
        () => true,
        () => false,
      ),
    giveBack: (delayMs) => respond(`-NAK {"delay":${Math.round(delayMs * 1e6)}}`),
    stillWorking: () => respond("+WPI"),
    terminate: () => respond("+TERM"),
  };
}

/** Reads `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumerSequence.nanos.pending[.token]` (NATS ADR-15). */
function parseDelivery(subject: string, reply: string): Pulled["delivery"] {
  const tokens = reply.split(".");
  const start = tokens.length >= 11 ? 4 : 2;
  const [deliveries, sequence, , nanos] = tokens.slice(start + 2);
  return {
    subject,
    deliveries: Number(deliveries),
    sequence: Number(sequence),
    storedUnixMs: Math.floor(Number(nanos) / 1e6),
  };
}

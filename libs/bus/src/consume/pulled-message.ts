import type { Msg } from "@nats-io/transport-node";
import type { Bus } from "../connection/connect.ts";
import type { Delivery } from "./verdict.ts";

/** A message taken from a durable consumer, with the verbs of the acknowledgement protocol. */
export type Pulled = {
  readonly delivery: Omit<Delivery, "isLate">;
  readonly payload: Uint8Array;
  /** Messages that its consumer had not delivered yet when it delivered this one. */
  readonly left: number;
  header(name: string): string | undefined;
  ack(): void;
  giveBack(delayMs: number): void;
  stillWorking(): void;
  terminate(): void;
};

/** Whether an answer to a pull is a message: statuses (404 nothing there, 408 time is up, …) carry a code and nothing to acknowledge. */
export function isMessage(answer: Msg): boolean {
  return !answer.headers?.code && answer.reply !== undefined && answer.reply !== "";
}

/** The message of an answer. */
export function toPulled(bus: Bus, message: Msg): Pulled {
  const reply = message.reply as string;
  const respond = (verb: string) => bus.nc.publish(reply, verb);
  return {
    ...parseReply(message.subject, reply),
    payload: message.data,
    header: (name) => message.headers?.get(name) || undefined,
    ack: () => respond("+ACK"),
    giveBack: (delayMs) => respond(`-NAK {"delay":${Math.round(delayMs * 1e6)}}`),
    stillWorking: () => respond("+WPI"),
    terminate: () => respond("+TERM"),
  };
}

/** Where a message lies in its stream and in its consumer's deliveries. */
export type Position = {
  readonly deliveries: number;
  readonly sequence: number;
  readonly consumerSequence: number;
  readonly storedUnixMs: number;
  /** Messages that its consumer had not delivered yet when it delivered this one. */
  readonly left: number;
};

/** Reads `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumerSequence.nanos.pending[.token]` (NATS ADR-15). */
export function readPosition(reply: string): Position {
  const tokens = reply.split(".");
  const start = tokens.length >= 11 ? 4 : 2;
  const [deliveries, sequence, consumerSequence, nanos, left] = tokens.slice(start + 2).map(Number) as number[];
  return {
    deliveries: Number(deliveries),
    sequence: Number(sequence),
    consumerSequence: Number(consumerSequence),
    storedUnixMs: Math.floor(Number(nanos) / 1e6),
    left: Number(left),
  };
}

function parseReply(subject: string, reply: string): Pick<Pulled, "delivery" | "left"> {
  const { deliveries, sequence, storedUnixMs, left } = readPosition(reply);
  return { delivery: { subject, deliveries, sequence, storedUnixMs }, left };
}

import type { Msg } from "@nats-io/transport-node";
import type { Bus } from "../connection/connect.ts";
import type { Delivery } from "./acknowledgement.ts";

/** A message pulled from a durable consumer, with the verbs of the acknowledgement protocol. */
export type PulledMessage = {
  readonly delivery: Omit<Delivery, "isLate">;
  readonly payload: Uint8Array;
  /** Messages that its consumer had not delivered yet when it delivered this one. */
  readonly pending: number;
  header(name: string): string | undefined;
  ack(): void;
  nak(delayMs: number): void;
  inProgress(): void;
  term(): void;
};

/** Whether a reply to a pull is a message. A status (404 no messages, 408 request timeout, …) has a code and no reply subject. */
export function isMessage(reply: Msg): boolean {
  return !reply.headers?.code && reply.reply !== undefined && reply.reply !== "";
}

/** Converts a reply to a pull, which must be a message. */
export function toPulledMessage(bus: Bus, message: Msg): PulledMessage {
  const reply = message.reply as string;
  const respond = (verb: string) => bus.nc.publish(reply, verb);
  return {
    ...parseReply(message.subject, reply),
    payload: message.data,
    header: (name) => message.headers?.get(name) || undefined,
    ack: () => respond("+ACK"),
    nak: (delayMs) => respond(`-NAK {"delay":${Math.round(delayMs * 1e6)}}`),
    inProgress: () => respond("+WPI"),
    term: () => respond("+TERM"),
  };
}

/** The position of a message in its stream and in its consumer's deliveries. */
export type Position = {
  readonly deliveries: number;
  readonly sequence: number;
  readonly consumerSequence: number;
  readonly storedUnixMs: number;
  /** Messages that its consumer had not delivered yet when it delivered this one. */
  readonly pending: number;
};

/** Reads `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumerSequence.nanos.pending[.token]` (NATS ADR-15). */
export function readPosition(reply: string): Position {
  const tokens = reply.split(".");
  const start = tokens.length >= 11 ? 4 : 2;
  const [deliveries, sequence, consumerSequence, nanos, pending] = tokens.slice(start + 2).map(Number) as number[];
  return {
    deliveries: Number(deliveries),
    sequence: Number(sequence),
    consumerSequence: Number(consumerSequence),
    storedUnixMs: Math.floor(Number(nanos) / 1e6),
    pending: Number(pending),
  };
}

function parseReply(subject: string, reply: string): Pick<PulledMessage, "delivery" | "pending"> {
  const { deliveries, sequence, storedUnixMs, pending } = readPosition(reply);
  return { delivery: { subject, deliveries, sequence, storedUnixMs }, pending };
}

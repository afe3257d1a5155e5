import { JetStreamApiError } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { workerRoles } from "@pixelmesh/roles";
import { toBrokerError } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { write } from "../kv/store.ts";
import { eventConsumer, workConsumers, workStream } from "../topology/subjects.ts";
import { publish } from "./publish.ts";

/** A message that no worker can process, unchanged. */
export type DeadMessage = {
  /** The subject it was published on. */
  readonly subject: string;
  readonly payload: Uint8Array;
  /** From the closed list of reasons. */
  readonly reason: string;
  /** W3C trace context of the failed processing; may be empty. */
  readonly traceparent: string;
  /** Tenant of the job; empty if the message names none or cannot be decoded. */
  readonly tenant: string;
};

/** A stored dead letter, identified by its `sequence`. */
export type DeadLetter = DeadMessage & { readonly sequence: number; readonly storedUnixMs: number };

const stream = "DLQ";
const notFound = 10037;
/** Token for "no tenant" in a subject; no tenant can have this name. */
const noTenant = "~";

/** Dead letters of some tenants (an empty name: those without a tenant), or all. */
export type DeadLetterFilter = { readonly tenants: readonly string[] } | "all";

const tokenOf = (tenant: string) => (tenant === "" ? noTenant : tenant);

/** Stores a message with reason and trace for an operator. The same `messageId` is stored once. */
export async function publishDeadLetter(bus: Bus, dead: DeadMessage & { readonly messageId: string }): Promise<void> {
  const carried = headers();
  carried.set("Pixelmesh-Reason", dead.reason);
  carried.set("Pixelmesh-Subject", dead.subject);
  if (dead.traceparent !== "") carried.set("traceparent", dead.traceparent);
  await publish(
    bus,
    stream,
    `dlq.${tokenOf(dead.tenant)}.${dead.subject}`,
    dead.payload,
    `dlq:${dead.messageId}`,
    carried,
  );
  bus.metrics.count("pixelmesh_dead_letters_total", { reason: dead.reason });
}

/** Returns up to `limit` dead letters that match the filter, oldest first, from a sequence on. */
export async function listDeadLetters(
  bus: Bus,
  filter: DeadLetterFilter,
  fromSequence: number,
  limit: number,
): Promise<DeadLetter[]> {
  const subjects = filter === "all" ? ["dlq.>"] : filter.tenants.map((tenant) => `dlq.${tokenOf(tenant)}.>`);
  const lists = await Promise.all(subjects.map((subject) => listSubject(bus, subject, fromSequence, limit)));
  return lists
    .flat()
    .sort((a, b) => a.sequence - b.sequence)
    .slice(0, limit);
}

async function listSubject(bus: Bus, subject: string, fromSequence: number, limit: number): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  let next = Math.max(1, fromSequence);
  while (found.length < limit) {
    const letter = await read(bus, { seq: next, next_by_subj: subject });
    if (!letter) break;
    found.push(letter);
    next = letter.sequence + 1;
  }
  return found;
}

/** Whether a dead letter matches the filter. */
export function matchesFilter({ tenant }: DeadLetter, filter: DeadLetterFilter): boolean {
  return filter === "all" || filter.tenants.includes(tenant);
}

/** Returns one dead letter; undefined if the sequence has none. */
export async function findDeadLetter(bus: Bus, sequence: number): Promise<DeadLetter | undefined> {
  return read(bus, { seq: sequence });
}

/** Deletes a dead letter. Idempotent. */
export async function dropDeadLetter(bus: Bus, sequence: number): Promise<void> {
  try {
    await write(bus, `delete ${stream}`, () => bus.jsm.streams.deleteMessage(stream, sequence));
  } catch (error) {
    if (!(error instanceof JetStreamApiError && [notFound, 10057].includes(error.code))) throw toBrokerError(error);
  }
}

/** Publishes a message again on its original subject, unchanged. */
export async function republishDeadLetter(bus: Bus, { subject, payload, sequence }: DeadLetter): Promise<void> {
  const role = workerRoles.find((name) => subject.startsWith(`work.${name}.`));
  const origin = role ? workStream(role) : eventConsumer.stream;
  await publish(bus, origin, subject, payload, `replay:${sequence}`);
  if (role) bus.nc.publish(workConsumers(role).wakeSubject);
}

function tenantOf(subject: string): string {
  const [, token = noTenant] = subject.split(".");
  return token === noTenant ? "" : token;
}

type Query = { seq: number } | { seq: number; next_by_subj: string };

async function read(bus: Bus, query: Query): Promise<DeadLetter | undefined> {
  try {
    const message = await bus.jsm.streams.getMessage(stream, query as { seq: number });
    if (!message) return undefined;
    return {
      sequence: message.seq,
      storedUnixMs: message.time.getTime(),
      subject: message.header.get("Pixelmesh-Subject"),
      payload: message.data,
      reason: message.header.get("Pixelmesh-Reason"),
      traceparent: message.header.get("traceparent"),
      tenant: tenantOf(message.subject),
    };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }
}

import { JetStreamApiError } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { workerRoles } from "@pixelmesh/roles";
import { toBrokerError } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { write } from "../kv/store.ts";
import { eventConsumer, workConsumers, workStream } from "../topology/subjects.ts";
import { publish } from "./publish.ts";

/** A message that nobody can work on, as it was. */
export type DeadMessage = {
  /** Where it came from. */
  readonly subject: string;
  readonly payload: Uint8Array;
  /** From the closed list. */
  readonly reason: string;
  /** W3C trace context of what led to it; may be empty. */
  readonly traceparent: string;
  /** Tenant of the job; empty where the message names none, as one that does not decode. */
  readonly tenant: string;
};

/** A dead letter as it is kept; `sequence` names it. */
export type DeadLetter = DeadMessage & { readonly sequence: number; readonly storedUnixMs: number };

const stream = "DLQ";
const notFound = 10037;
/** Stands for no tenant in a subject; no tenant has this name. */
const noTenant = "~";

/** Dead letters of one tenant (empty: of none), or all. */
export type DeadLetterFilter = { readonly tenants: readonly string[] } | "all";

const tokenOf = (tenant: string) => (tenant === "" ? noTenant : tenant);

/** Keeps a message, with reason and trace, for a person to look at; the same `messageId` is kept once. */
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

/** The next dead letters that the filter lets through, oldest first, from a sequence on; at most `limit`. */
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

/** Whether the filter lets a dead letter through. */
export function matchesFilter({ tenant }: DeadLetter, filter: DeadLetterFilter): boolean {
  return filter === "all" || filter.tenants.includes(tenant);
}

/** One dead letter; undefined where there is none of that sequence. */
export async function findDeadLetter(bus: Bus, sequence: number): Promise<DeadLetter | undefined> {
  return read(bus, { seq: sequence });
}

/** Forgets a dead letter; repeating that is harmless. */
export async function dropDeadLetter(bus: Bus, sequence: number): Promise<void> {
  try {
    await write(bus, `delete ${stream}`, () => bus.jsm.streams.deleteMessage(stream, sequence));
  } catch (error) {
    if (!(error instanceof JetStreamApiError && [notFound, 10057].includes(error.code))) throw toBrokerError(error);
  }
}

/** Puts a message back where it came from, to be tried again as it is. */
export async function republishDeadLetter(bus: Bus, { subject, payload, sequence }: DeadLetter): Promise<void> {
  const service = workerRoles.find((name) => subject.startsWith(`work.${name}.`));
  const origin = service ? workStream(service) : eventConsumer.stream;
  await publish(bus, origin, subject, payload, `replay:${sequence}`);
  if (service) bus.nc.publish(workConsumers(service).wakeSubject);
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

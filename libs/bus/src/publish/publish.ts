import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { JobEvent, WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import { injectTrace, withSpan } from "@pixelmesh/telemetry";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { write } from "../kv/store.ts";
import { readLastMessage, storeMessage } from "../kv/stream-requests.ts";
import {
  eventConsumer,
  eventSubject,
  workConsumers,
  workDurable,
  workStream,
  workSubject,
  workTemplate,
} from "../topology/subjects.ts";

/**
 * Puts a step into its role's work queue and wakes idle workers. The same job, step and attempt is stored once. Another `repeat` stores
 * it again, for a message that is gone while the broker still deduplicates its id.
 */
export async function publishWork(bus: Bus, role: WorkerRole, item: WorkItem, repeat = ""): Promise<void> {
  const messageId = `${item.jobId}:${item.stepId}:${item.attempt}${repeat === "" ? "" : `:${repeat}`}`;
  const payload = WorkItem.encode(item).finish();
  const attributes = {
    "messaging.system.name": "nats",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.name": workStream(role),
    "messaging.destination.template": workTemplate(role),
    "messaging.message.id": messageId,
    "messaging.message.conversation_id": item.jobId,
    "messaging.message.body.size": payload.length,
    "pixelmesh.nats.stream": workStream(role),
    "pixelmesh.job.id": item.jobId,
    "pixelmesh.step.id": item.stepId,
  };
  await withSpan(`publish ${workTemplate(role)}`, { kind: "producer", attributes }, async (span) => {
    const isDuplicate = await publish(bus, workStream(role), workSubject(role, item), payload, messageId);
    span.set({ "pixelmesh.nats.duplicate": isDuplicate });
  });
  // Woken after the confirmation, so that a worker finds the message stored. The payload names the consumer that has it.
  bus.nc.publish(workConsumers(role).wakeSubject, workDurable(role, item));
}

/** Whether a step's message is still in its queue, waiting or delivered to a worker. */
export async function hasWork(
  bus: Bus,
  role: WorkerRole,
  item: Pick<WorkItem, "jobId" | "stepId" | "attempt" | "priority">,
): Promise<boolean> {
  return (await translate(readLastMessage(bus, workStream(role), workSubject(role, item)))) !== undefined;
}

/** Publishes a job event to the log. The same event is stored once within the broker's deduplication window. */
export async function publishEvent(bus: Bus, event: JobEvent): Promise<void> {
  const { jobId, stepId, attempt, worker, atUnixMs } = event;
  // The id includes the time, because a second start of the same attempt by the same worker is another event.
  const messageId = `${jobId}:${stepId}:${attempt}:${event.event?.$case}:${worker}:${atUnixMs}`;
  await publish(bus, eventConsumer.stream, eventSubject(event), JobEvent.encode(event).finish(), messageId);
}

/**
 * Stores a message; the same `messageId` is stored once within the broker's deduplication window. Returns whether it was a duplicate.
 */
export async function publish(
  bus: Bus,
  stream: string,
  subject: string,
  payload: Uint8Array,
  messageId?: string,
  carried: MsgHdrs = headers(),
): Promise<boolean> {
  injectTrace((name, value) => {
    if (!carried.has(name)) carried.set(name, value);
  });
  try {
    carried.set("Nats-Expected-Stream", stream);
    if (messageId !== undefined) carried.set("Nats-Msg-Id", messageId);
    const { isDuplicate } = await write(bus, `publish ${stream}`, () => storeMessage(bus, subject, payload, carried));
    bus.counts.published(stream, isDuplicate ? "duplicate" : "stored");
    return isDuplicate;
  } catch (error) {
    bus.counts.published(stream, "failed");
    throw toBrokerError(error);
  }
}

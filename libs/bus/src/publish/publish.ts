import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { JobEvent, WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import { injectTrace, withSpan } from "@pixelmesh/telemetry";
import { toBrokerError } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { write } from "../kv/store.ts";
import {
  eventConsumer,
  eventSubject,
  workConsumers,
  workStream,
  workSubject,
  workTemplate,
} from "../topology/subjects.ts";

/**
 * Puts a step into its service's queue and wakes its idle workers. The same job, step and attempt is stored once; another
 * `repeat` stores it again, for a message that is known to be gone while the broker still remembers its id.
 */
export async function publishWork(bus: Bus, service: WorkerRole, item: WorkItem, repeat = ""): Promise<void> {
  const messageId = `${item.jobId}:${item.stepId}:${item.attempt}${repeat === "" ? "" : `:${repeat}`}`;
  const payload = WorkItem.encode(item).finish();
  const attributes = {
    "messaging.system": "nats",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.template": workTemplate(service),
    "messaging.message.id": messageId,
    "messaging.message.conversation_id": item.jobId,
    "messaging.message.body.size": payload.length,
    "pixelmesh.nats.stream": workStream(service),
    "pixelmesh.job.id": item.jobId,
    "pixelmesh.step.id": item.stepId,
  };
  await withSpan(`publish ${workTemplate(service)}`, { kind: "producer", attributes }, async (span) => {
    const isDuplicate = await publish(bus, workStream(service), workSubject(service, item), payload, messageId);
    span.set({ "pixelmesh.nats.duplicate": isDuplicate });
  });
  // After the confirmation: a worker that is woken finds the message stored.
  bus.nc.publish(workConsumers(service).wakeSubject);
}

/** Whether a step's message is still in its queue: waiting, or in a worker's hands. */
export async function hasWork(
  bus: Bus,
  service: WorkerRole,
  item: Pick<WorkItem, "jobId" | "stepId" | "attempt" | "priority">,
): Promise<boolean> {
  try {
    return (
      (await bus.jsm.streams.getMessage(workStream(service), { last_by_subj: workSubject(service, item) })) !== null
    );
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === 10037) return false; // no message found
    throw toBrokerError(error);
  }
}

/** Puts a fact about a job into the log. The same fact is stored once inside the broker's window. */
export async function publishEvent(bus: Bus, event: JobEvent): Promise<void> {
  const { jobId, stepId, attempt, worker, atUnixMs } = event;
  // The time is part of the id: a second start of the same attempt by the same worker is another fact.
  const messageId = `${jobId}:${stepId}:${attempt}:${event.event?.$case}:${worker}:${atUnixMs}`;
  await publish(bus, eventConsumer.stream, eventSubject(event), JobEvent.encode(event).finish(), messageId);
}

/**
 * Publishes that a job has finished. The log holds at most one such event for a job, whichever replica publishes it and however
 * often: the broker stores it only while the subject is empty. Answers whether this call stored it.
 */
export async function publishFinished(bus: Bus, event: JobEvent): Promise<boolean> {
  const payload = JobEvent.encode(event).finish();
  const subject = eventSubject(event);
  const { stream } = eventConsumer;
  // A repeat has the same id. The broker may remember the id of an event that the log has dropped: then another id is used.
  for (const messageId of [`${event.jobId}:finished`, `${event.jobId}:finished:${event.worker}:${Date.now()}`]) {
    try {
      const isDuplicate = await publish(bus, stream, subject, payload, messageId, headers(), {
        lastSubjectSequence: 0,
      });
      if (!isDuplicate) return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw error;
    }
  }
  return false;
}

function isWrongLastSequence(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.StreamWrongLastSequence;
}

/**
 * Stores a message; the same `messageId` is stored once inside the broker's window. Answers whether it was there already. With
 * `expect` the message is stored only if that holds, else the call fails with the broker's error as its cause.
 */
export async function publish(
  bus: Bus,
  stream: string,
  subject: string,
  payload: Uint8Array,
  messageId?: string,
  carried: MsgHdrs = headers(),
  expect: { readonly lastSubjectSequence?: number } = {},
): Promise<boolean> {
  injectTrace((name, value) => {
    if (!carried.has(name)) carried.set(name, value);
  });
  try {
    const ack = await write(bus, `publish ${stream}`, () =>
      bus.js.publish(subject, payload, {
        headers: carried,
        expect: { streamName: stream, ...expect },
        ...(messageId ? { msgID: messageId } : {}),
      }),
    );
    bus.counts.published(stream, ack.duplicate ? "duplicate" : "stored");
    return ack.duplicate;
  } catch (error) {
    bus.counts.published(stream, "failed");
    throw toBrokerError(error);
  }
}

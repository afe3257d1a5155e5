import { type ConsumerInfo, JetStreamApiError } from "@nats-io/jetstream";
import { type WorkerRole, workerRoles } from "@pixelmesh/roles";
import { toBrokerError } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { workConsumers, workStream } from "./subjects.ts";

const noMessage = 10037;

/** How full one work queue is. */
export type QueueDepth = {
  /** `<role>.<priority>` */
  readonly name: string;
  /** Messages that were not delivered yet. */
  readonly waiting: number;
  /** Messages that workers hold. */
  readonly running: number;
  /** How long the oldest waiting message has waited, by the broker's clock; 0 if none waits. */
  readonly oldestWaitMs: number;
};

/** Returns the depth of every work queue. Throws BROKER_UNAVAILABLE. */
export async function listQueues(bus: Bus): Promise<QueueDepth[]> {
  const consumers = workerRoles.flatMap((role) => {
    const { stream, durables } = workConsumers(role);
    return durables.map((durable) => ({ stream, durable, name: durable.replace("_", ".") }));
  });
  try {
    return await Promise.all(
      consumers.map(async ({ stream, durable, name }) => {
        const info = await bus.jsm.consumers.info(stream, durable);
        const oldestWaitMs = info.num_pending > 0 ? await readOldestWait(bus, info) : 0;
        return { name, waiting: info.num_pending, running: info.num_ack_pending, oldestWaitMs };
      }),
    );
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** Returns the age of the first message that the consumer has not delivered; 0 if it was delivered in the meantime. */
async function readOldestWait({ jsm }: Bus, { stream_name, config, delivered, ts }: ConsumerInfo): Promise<number> {
  // nats.js has no type for `next_by_subj` here; the server takes it.
  const query = { seq: delivered.stream_seq + 1, next_by_subj: config.filter_subject ?? ">" } as { seq: number };
  try {
    const first = await jsm.streams.getMessage(stream_name, query);
    return first ? Math.max(0, (Date.parse(String(ts)) || Date.now()) - first.time.getTime()) : 0;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === noMessage) return 0;
    throw error;
  }
}

/** The unfinished work of one role: the number of steps that wait or run, and when the oldest was stored (0 if there is none). */
export type Backlog = { readonly queue: WorkerRole; readonly messages: number; readonly oldestUnixMs: number };

/** Returns the backlog of every role that takes steps. Throws BROKER_UNAVAILABLE. */
export async function readBacklog({ jsm }: Bus): Promise<Backlog[]> {
  try {
    return await Promise.all(
      workerRoles.map(async (queue) => {
        const { messages, first_ts: first } = (await jsm.streams.info(workStream(queue))).state;
        return { queue, messages, oldestUnixMs: messages > 0 ? Date.parse(String(first)) : 0 };
      }),
    );
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** Returns the number of a bucket's entries, including marks of deleted ones, and their bytes on disk. */
export async function readBucketSize(
  { jsm }: Bus,
  bucket: string,
): Promise<{ readonly entries: number; readonly sizeBytes: number }> {
  try {
    const { messages, bytes } = (await jsm.streams.info(`KV_${bucket}`)).state;
    return { entries: messages, sizeBytes: bytes };
  } catch (error) {
    throw toBrokerError(error);
  }
}

import { toBrokerError } from "./broker-error.ts";
import type { Bus } from "./connect.ts";
import { type WorkService, workConsumers, workServices, workStream } from "./subjects.ts";

/** How full one work queue is. */
export type QueueDepth = {
  /** `<service>.<priority>` */
  readonly name: string;
  /** Not taken yet. */
  readonly waiting: number;
  /** In workers' hands. */
  readonly running: number;
};

/** Every work queue as the broker sees it. */
export async function listQueues(bus: Bus): Promise<QueueDepth[]> {
  const consumers = workServices.flatMap((service) => {
    const { stream, durables } = workConsumers(service);
    return durables.map((durable) => ({ stream, durable, name: durable.replace("_", ".") }));
  });
  try {
    return await Promise.all(
      consumers.map(async ({ stream, durable, name }) => {
        const info = await bus.jsm.consumers.info(stream, durable);
        return { name, waiting: info.num_pending, running: info.num_ack_pending };
      }),
    );
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** Work of one service that is not done: how many steps wait or run, and since when the oldest does; 0 when there is none. */
export type Backlog = { readonly queue: WorkService; readonly messages: number; readonly oldestUnixMs: number };

/** The work of every service that is not done, waiting or running. */
export async function readBacklog({ jsm }: Bus): Promise<Backlog[]> {
  try {
    return await Promise.all(
      workServices.map(async (queue) => {
        const { messages, first_ts: first } = (await jsm.streams.info(workStream(queue))).state;
        return { queue, messages, oldestUnixMs: messages > 0 ? Date.parse(String(first)) : 0 };
      }),
    );
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** How much a bucket holds: its entries, marks of deleted ones included, and their bytes on disk. */
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

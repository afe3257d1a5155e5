import type { Bus } from "./connect.ts";
import { toBrokerError } from "./store.ts";
import { workConsumers, workServices } from "./subjects.ts";

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

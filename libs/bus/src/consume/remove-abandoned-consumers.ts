import { type ConsumerInfo, JetStreamApiError } from "@nats-io/jetstream";
import type { Bus } from "../connection/connect.ts";

const notFound = 10014;
const inFlight = 16;
/** So many are looked at for each stream at a start; they also expire by themselves. */
const maxConsumers = 20_000;

/**
 * Removes the push consumers of a bucket that nothing listens to and that have no name of their own. Listings of earlier
 * releases left one each; thousands of them take the broker tens of seconds to recover. Answers how many it removed.
 */
export async function removeAbandonedConsumers({ jsm, log }: Bus, stream: string): Promise<number> {
  if ((await jsm.streams.info(stream)).state.consumer_count === 0) return 0;
  const abandoned: string[] = [];
  let seen = 0;
  for await (const info of jsm.consumers.list(stream)) {
    if (++seen > maxConsumers) break;
    if (isAbandoned(info)) abandoned.push(info.name);
  }
  const left = abandoned[Symbol.iterator]();
  const removers = Array.from({ length: inFlight }, async () => {
    for (const name of left) {
      await jsm.consumers.delete(stream, name).catch((error: unknown) => {
        // Another process, or its time, was faster.
        if (!(error instanceof JetStreamApiError && error.code === notFound)) throw error;
      });
    }
  });
  await Promise.all(removers);
  if (abandoned.length > 0) log.info({ stream, removed: abandoned.length }, "abandoned consumers removed");
  return abandoned.length;
}

function isAbandoned({ config, push_bound: isBound }: ConsumerInfo): boolean {
  return !config.durable_name && config.deliver_subject !== undefined && !isBound;
}

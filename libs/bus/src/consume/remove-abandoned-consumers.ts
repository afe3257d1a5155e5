import { type ConsumerInfo, JetStreamApiError } from "@nats-io/jetstream";
import type { Bus } from "../connection/connect.ts";

const notFound = 10014;
const inFlight = 16;
/** Most consumers of a stream that are checked at a start; the rest expire by themselves. */
const maxConsumers = 20_000;

/**
 * Removes the ephemeral push consumers of a bucket without a subscriber. Each listing of an earlier release left one; the broker
 * needs tens of seconds to recover thousands of them. Returns the number of removed consumers.
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
        // Another process has removed it, or it has expired.
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

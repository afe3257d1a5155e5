import type { Metrics } from "@pixelmesh/telemetry";

/** What is counted at every message and every write. */
export type BusCounts = {
  /** A durable write, by what it is. */
  written(what: string): void;
  /** A message to a stream: `stored`, `duplicate` or `failed`. */
  published(stream: string, result: string): void;
  /** A message of a stream, by what was said of it to the broker, and whether it had come before. */
  consumed(stream: string, settle: string, redelivered: boolean): void;
};

/** Counts in these metrics; what goes well is found by its stream. */
export function createBusCounts(metrics: Metrics): BusCounts {
  const [published, consumed] = ["pixelmesh_messages_published_total", "pixelmesh_messages_consumed_total"] as const;
  const countStored = metrics.countBy(published, (stream: string) => ({ stream, result: "stored" }));
  const toAcknowledged = (stream: string) => ({ stream, settle: "ack", redelivered: "false" });
  const countAcknowledged = metrics.countBy(consumed, toAcknowledged);
  return {
    written: metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what })),
    published(stream, result) {
      if (result === "stored") countStored(stream);
      else metrics.count(published, { stream, result });
    },
    consumed(stream, settle, redelivered) {
      if (settle === "ack" && !redelivered) countAcknowledged(stream);
      else metrics.count(consumed, { stream, settle, redelivered: String(redelivered) });
    },
  };
}

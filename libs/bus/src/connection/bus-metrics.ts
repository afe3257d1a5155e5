import type { Metrics } from "@pixelmesh/telemetry";

/** Counters of messages and durable writes. */
export type BusCounts = {
  /** Counts a durable write, by its name such as `update jobs`. */
  written(what: string): void;
  /** Counts a publish to a stream. Its result is `stored`, `duplicate` or `failed`. */
  published(stream: string, result: string): void;
  /** Counts a processed message of a stream. Its answer to the broker is `ack`, `nak`, `term` or `lost`. */
  consumed(stream: string, answer: string, redelivered: boolean): void;
};

/** Creates the counters. The labels of the usual results are cached by stream, because they are counted for every message. */
export function createBusCounts(metrics: Metrics): BusCounts {
  const [published, consumed] = ["pixelmesh_messages_published_total", "pixelmesh_messages_consumed_total"] as const;
  const countStored = metrics.countBy(published, (stream: string) => ({ stream, result: "stored" }));
  const toAcknowledged = (stream: string) => ({ stream, answer: "ack", redelivered: "false" });
  const countAcknowledged = metrics.countBy(consumed, toAcknowledged);
  return {
    written: metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what })),
    published(stream, result) {
      if (result === "stored") countStored(stream);
      else metrics.count(published, { stream, result });
    },
    consumed(stream, answer, redelivered) {
      if (answer === "ack" && !redelivered) countAcknowledged(stream);
      else metrics.count(consumed, { stream, answer, redelivered: String(redelivered) });
    },
  };
}

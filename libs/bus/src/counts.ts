import type { Metrics } from "@pixelmesh/telemetry";

/** What is counted at every message and every write. */
export type BusCounts = {
  /** A durable write, by what it is. */
  written(what: string): void;
  /** A message that was stored for the first time, by its stream. */
  stored(stream: string): void;
  /** A message that was acknowledged at its first delivery, by its stream. */
  acknowledged(stream: string): void;
};

/** Counts in these metrics. */
export function createBusCounts(metrics: Metrics): BusCounts {
  return {
    written: metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what })),
    stored: metrics.countBy("pixelmesh_messages_published_total", (stream: string) => ({ stream, result: "stored" })),
    acknowledged: metrics.countBy("pixelmesh_messages_consumed_total", (stream: string) => ({
      stream,
      settle: "ack",
      redelivered: "false",
    })),
  };
}

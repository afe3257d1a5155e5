import { type Bus, connectBus, readJobEvents } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";

/** Connects a test to the broker of a mesh. */
export async function connectTestBus(natsUrl: string): Promise<Bus & AsyncDisposable> {
  const log = createLogger({ service: "test", level: "silent" });
  const metrics = createMetrics("test", "0");
  const bus = await connectBus({ natsUrl, natsReplicas: 1, ackWaitMs: 2_000, name: "test", log, metrics });
  return { ...bus, [Symbol.asyncDispose]: bus.close };
}

/** Counts the starts of a job's steps that the log holds: those of runs above 500 ms, and those after another delivery. */
export async function countStarts(bus: Bus, jobId: string): Promise<number> {
  return (await readJobEvents(bus, jobId, 0, 1_000)).filter(({ event }) => event?.$case === "started").length;
}

/** Lists the keys of a bucket whose entries are purged, never marked as deleted: open jobs or waiting steps. */
export async function keysLeft(bus: Bus, bucket: "open" | "waits"): Promise<string[]> {
  const info = await bus.jsm.streams.info(`KV_${bucket}`, { subjects_filter: ">" });
  return Object.keys(info.state.subjects ?? {});
}

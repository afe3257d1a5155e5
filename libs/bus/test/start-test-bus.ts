import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { type Bus, connectBus, provision, startBroker } from "../src/index.ts";

const log = createLogger({ service: "test", level: "silent" });

/** Starts a broker with all streams and buckets, and connects to it. All end with the test. */
export async function startTestBus(
  options: { ackWaitMs?: number } = {},
): Promise<{ bus: Bus; connectAnother: () => Promise<Bus>; brokerPid: number }> {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-bus-"));
  const broker = await startBroker({ dataDir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  const connectAnother = async () => {
    const bus = await connectBus({
      natsUrl: broker.url,
      natsReplicas: 1,
      ackWaitMs: options.ackWaitMs ?? 30_000,
      name: "test",
      log,
      metrics: createMetrics("test", "0"),
    });
    onTestFinished(() => bus.close());
    return bus;
  };
  const bus = await connectAnother();
  await Promise.all([provision(bus), provision(bus)]);
  return { bus, connectAnother, brokerPid: broker.pid };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBus, provision, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { openMemoryProfiles } from "../src/adapters/memory-profile-store.ts";
import { learnRun, setProfile } from "../src/domain/admission/memory-profiles.ts";

test("a new leader reads the memory profiles of its predecessor", async () => {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-profiles-"));
  const broker = await startBroker({ dataDir: root });
  const log = createLogger({ service: "test", level: "silent" });
  const metrics = createMetrics("test", "0");
  const bus = await connectBus({ natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 30_000, name: "test", log, metrics });
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  await provision(bus);

  const first = await openMemoryProfiles(bus, log);
  const name = "digest/cuda/NVIDIA L4, 24 GB/512/1";
  setProfile(first.profiles, name, learnRun(undefined, 1_000, 12.5));
  await first.save();
  setProfile(first.profiles, name, learnRun(first.profiles.get(name), 2_000, 12.5));
  setProfile(first.profiles, "other", learnRun(undefined, 10, 1));
  await first.close();

  const second = await openMemoryProfiles(bus, log);
  expect(second.profiles).toEqual(first.profiles);
  expect(second.profiles.get(name)).toMatchObject({ runs: 2, peakBytes: 2_200 });
  await second.close();
});

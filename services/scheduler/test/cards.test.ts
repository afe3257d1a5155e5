import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBus, provision, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { openCards } from "../src/adapters/memory-profile-store.ts";
import { learnRun, setCard } from "../src/domain/admission/memory-profiles.ts";

test("what one leader learned the next one knows", async () => {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-cards-"));
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

  const first = await openCards(bus, log);
  const name = "digest/cuda/NVIDIA L4, 24 GB/512/1";
  setCard(first.cards, name, learnRun(undefined, 1_000, 12.5));
  await first.save();
  setCard(first.cards, name, learnRun(first.cards.get(name), 2_000, 12.5));
  setCard(first.cards, "other", learnRun(undefined, 10, 1));
  await first.close();

  const second = await openCards(bus, log);
  expect(second.cards).toEqual(first.cards);
  expect(second.cards.get(name)).toMatchObject({ runs: 2, peakBytes: 2_200 });
  await second.close();
});

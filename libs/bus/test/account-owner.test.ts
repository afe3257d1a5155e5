import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@pixelmesh/config";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { connectBus, startBroker } from "../src/index.ts";
import { claimAccount } from "../src/topology/account-owner.ts";

const log = createLogger({ service: "test", level: "silent" });

async function startAccount() {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-owner-"));
  const broker = await startBroker({ dataDir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  return async (natsOwner: string) => {
    const metrics = createMetrics("test", "0");
    const bus = await connectBus({
      natsUrl: broker.url,
      natsReplicas: 1,
      ackWaitMs: 30_000,
      natsOwner,
      name: "test",
      log,
      metrics,
    });
    onTestFinished(bus.close);
    return bus;
  };
}

const outcomeOf = (claim: Promise<void>) =>
  claim.then(
    () => "granted",
    (error: unknown) => (error instanceof ConfigError ? error.message : error),
  );

test("an account belongs to the first mesh that names itself, and a mesh of another name is refused", async () => {
  const connect = await startAccount();
  const [first, again, other] = [
    await connect("pictures/one"),
    await connect("pictures/one"),
    await connect("pictures/two"),
  ];
  expect(await outcomeOf(claimAccount(first))).toBe("granted");
  expect(await outcomeOf(claimAccount(again))).toBe("granted");
  expect(await outcomeOf(claimAccount(other))).toMatch(
    /belong to `pictures\/two` \(PIXELMESH_NATS_OWNER\), got `pictures\/one`.*nats kv del mesh owner/,
  );
});

test("of meshes that come at the same time exactly one gets the account", async () => {
  const connect = await startAccount();
  const names = ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6"];
  const outcomes = await Promise.all(names.map(async (name) => outcomeOf(claimAccount(await connect(name)))));
  expect(outcomes.filter((outcome) => outcome === "granted")).toHaveLength(1);
});

test("without a name nothing is recorded and nothing is refused", async () => {
  const connect = await startAccount();
  const [named, unnamed] = [await connect("pictures/one"), await connect("")];
  await claimAccount(unnamed);
  await claimAccount(named);
  expect(await outcomeOf(claimAccount(unnamed))).toBe("granted");
});

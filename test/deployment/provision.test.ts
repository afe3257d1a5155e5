import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBroker } from "@pixelmesh/bus";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test } from "vitest";

test("--provision creates all streams, consumers and buckets, also where they exist, and exits with 0", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-provision-"));
  const broker = await startBroker({ dataDir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  // Every role creates everything: the scheduler has no consumer of its own.
  expect(await provisionBy("scheduler", broker.url)).toMatchObject({ code: 0 });
  expect(await provisionBy("storage", broker.url)).toMatchObject({ code: 0 });

  await using bus = await connectTestBus(broker.url);
  const streams = (await Array.fromAsync(bus.jsm.streams.list())).map(({ config }) => config.name);
  const expected = ["WORK_INGEST", "WORK_UPSCALE", "WORK_BACKGROUND", "WORK_EFFECTS", "JOB_EVENTS", "DLQ", "KV_jobs"];
  expect(streams).toEqual(expect.arrayContaining([...expected, "KV_results", "KV_services", "KV_leases"]));
  const consumers = (await Array.fromAsync(bus.jsm.consumers.list("WORK_UPSCALE"))).map(({ name }) => name);
  expect(consumers).toHaveLength(2);
});

test("--provision exits with 1 and a reason where no broker answers or a setting is wrong", async () => {
  const [away, wrong] = await Promise.all([
    provisionBy("storage", "nats://127.0.0.1:1"),
    provisionBy("storage", "nats://127.0.0.1:1", { PIXELMESH_NATS_REPLICAS: "seven" }),
  ]);
  expect(away.code).toBe(1);
  expect(JSON.parse(away.lastLine)).toMatchObject({ level: "error", err: { reason: "BROKER_UNAVAILABLE" } });
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.lastLine).why).toContain("Expected PIXELMESH_NATS_REPLICAS to be an integer from 1 to 5");
});

test("--provision exits with 1 in a NATS account that another mesh uses, and says which", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-provision-"));
  const broker = await startBroker({ dataDir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  const owner = (name: string) => provisionBy("scheduler", broker.url, { PIXELMESH_NATS_OWNER: name });
  expect(await owner("pictures/one")).toMatchObject({ code: 0 });
  expect(await owner("pictures/one")).toMatchObject({ code: 0 });
  const refused = await owner("pictures/two");
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.lastLine).why).toContain("got `pictures/one`");
});

function provisionBy(service: string, natsUrl: string, env: Record<string, string> = {}) {
  const main = fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", main, "--provision"];
  const options = { env: { ...process.env, PIXELMESH_NATS_URL: natsUrl, ...env }, timeout: 60_000 };
  return new Promise<{ code: number; lastLine: string }>((resolve) => {
    execFile(process.execPath, args, options, (error, _stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, lastLine: stderr.trim().split("\n").at(-1) ?? "" });
    });
  });
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { attach, gib, hold, startTestScheduler } from "./start-test-scheduler.ts";

const holdMany = fileURLToPath(new URL("hold-many.ts", import.meta.url));

test("requests beyond a full queue, beyond every device or past their deadline are refused with their reasons", async () => {
  const { client } = await startTestScheduler({ PIXELMESH_SCHEDULER_MAX_QUEUED_PER_TENANT: "1" });
  attach(client).report();
  await expect.poll(async () => (await client.getCluster({})).devices.length).toBe(1);
  await expect(hold(client, { options: [{ peakBytes: 20 * gib }] }).next()).rejects.toMatchObject({
    reason: "NO_DEVICE_FITS",
  });
  const waiting = hold(client, { deviceIds: ["unknown"], tenant: "u", deadlineUnixMs: Date.now() + 600 });
  expect(await waiting.next()).toMatchObject({ $case: "queued", value: { why: "stale" } });
  await expect(hold(client, { deviceIds: ["unknown"], tenant: "u" }).next()).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
  });
  await expect(waiting.next()).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("of 4,000 calls those within the bounds wait, and the others are refused at once with a time to retry", async () => {
  const { client, base } = await startTestScheduler();
  attach(client).report({ totalBytes: 64 * gib, computeTokens: 4 });
  await expect.poll(async () => (await client.getCluster({})).devices.length).toBe(1);
  const address = (await client.getCluster({})).services[0]?.grpcAddress ?? "";
  const flood = spawn(process.execPath, ["--conditions=development", holdMany, address, "4000"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void flood.kill("SIGKILL"));
  const [line] = (await once(createInterface(flood.stdout), "line")) as [string];
  const { grant, queued, refusals } = JSON.parse(line);
  const refused = 4_000 - grant - queued;
  expect(refusals).toEqual({ "QUEUE_FULL 1000": refused });
  // At most 8 light, or 4 heavy, or 2 exclusive slots of one device, and 4 tokens.
  expect(grant).toBeLessThanOrEqual(4);
  expect(grant).toBeGreaterThan(0);
  expect(queued).toBeLessThanOrEqual(1_024);
  const { queues } = await client.getCluster({});
  for (const { waiting } of queues.filter(({ name }) => name.startsWith("slots.")))
    expect(waiting).toBeLessThanOrEqual(512);
  const counter = /^pixelmesh_(slot_refused|refused_requests)_total\{.*reason="QUEUE_FULL"\} (\d+)$/gm;
  const counted = [...(await base.metrics.page()).text.matchAll(counter)];
  expect(counted.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(refused);
});

test("open calls are limited by the setting, and an ended call allows another one", async () => {
  const { client } = await startTestScheduler({ PIXELMESH_SCHEDULER_MAX_CALLS: "3" });
  attach(client).report();
  const open = [hold(client), hold(client), hold(client)];
  for (const { next } of open) expect((await next())?.$case).toMatch(/grant|queued/);
  await expect(hold(client).next()).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
    message: expect.stringContaining("3 open calls"),
  });
  open[1]?.abort();
  await expect
    .poll(
      async () =>
        (
          await hold(client)
            .next()
            .catch(() => undefined)
        )?.$case,
    )
    .toMatch(/grant|queued/);
  open[0]?.release();
  expect(await open[0]?.next()).toBeUndefined();
  // Other methods are not limited.
  expect((await client.getCluster({})).devices).toHaveLength(1);
});

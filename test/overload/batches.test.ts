import { BatchState, connectPixelmesh, JobState, type Pixelmesh, Priority } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { collectable, connectTestBus, findGrown, readMemory } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({
    services: ["storage", "scheduler", "ingest", "effects"],
    env: { PIXELMESH_NATS_BATCHES_MAX: "64KiB", PIXELMESH_INGEST_MAX_OPEN_JOBS_PER_TENANT: "20" },
  });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

const invert = { steps: [effectStep("fx", "invert")] };
const tiny = () =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
    .png()
    .toBuffer();

function connectTenant(tenant: string): Pixelmesh {
  const client = connectPixelmesh({ address: mesh.address, tenant, retryTimeoutMs: 120_000 });
  onTestFinished(client.close);
  return client;
}

test("a full bucket loses its oldest finished batches; an older unfinished one stays and ends", {
  timeout: 300_000,
}, async () => {
  const [client, other] = [connectTenant("many"), connectTenant("slow")];
  const slow = (await other.batches.upload(await slowPicture(800))).blob?.sha256 ?? "";
  const pictures = Array.from({ length: 400 }, () => ({ sha256: slow }));
  const running = await other.batches.create({ pipeline: slowPipeline(), pictures, noCache: true });
  const { blob } = await client.batches.upload(await tiny());
  const sources = [{ sha256: blob?.sha256 ?? "", name: "n".repeat(200) }];
  const ids: string[] = [];
  await using bus = await connectTestBus(mesh.brokerUrl());
  const isFull = async () => (await bus.jsm.streams.info("KV_batches")).state.bytes > 0.8 * 64 * 1024;
  // One batch after another, until some had to be removed.
  for (let isEvicted = false; !isEvicted; ) {
    const { id } = await client.batches.create({ pipeline: invert, pictures: sources, priority: Priority.INTERACTIVE });
    ids.push(id);
    await client.batches.wait(id);
    if (ids.length > 10 && (await isFull())) {
      await expect.poll(isFull, { timeout: 60_000 }).toBe(false);
      isEvicted = true;
    }
    expect(ids.length).toBeLessThan(300);
  }
  const left = (await Array.fromAsync(client.batches.list({ pageSize: 200 }))).map(({ id }) => id);
  expect(left.length).toBeLessThan(ids.length);
  // The newest ones are left, and the unfinished one, which is the oldest of all.
  expect(left).toEqual(ids.slice(-left.length).reverse());
  await expect(client.batches.get(ids[0] as string)).rejects.toMatchObject({ reason: "BATCH_NOT_FOUND" });
  expect(await other.batches.get(running.id)).toMatchObject({
    jobsFailed: 0,
    jobsCancelled: 0,
    state: BatchState.RUNNING,
  });
  await other.batches.cancel(running.id);
  expect((await other.batches.wait(running.id)).state).toBe(BatchState.CANCELLED);
});

test("a batch above the open jobs of its tenant goes on as jobs end, and its caller's own jobs still start", async () => {
  const client = connectTenant("narrow");
  const pictures = Array.from({ length: 40 }, tiny).map(async (bytes) => ({ bytes: await bytes }));
  const { id } = await client.batches.create({
    pipeline: invert,
    pictures: await Promise.all(pictures),
    noCache: true,
  });
  const job = await client.jobs.create({ pipeline: invert, pictures: [{ bytes: await tiny() }], noCache: true });
  expect((await client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  for await (const batch of client.batches.watch(id)) expect(batch.jobsRunning).toBeLessThanOrEqual(10);
  expect(await client.batches.get(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 40 });
});

test("a batch of 2,000 pictures leaves nothing in the memory of any process", { timeout: 400_000 }, async () => {
  await using large = await startTestMesh({
    services: ["storage", "scheduler", "ingest", "effects"],
    env: collectable,
  });
  const { client } = large;
  const { blob } = await client.batches.upload(await tiny());
  const pictures = Array.from({ length: 2_000 }, () => ({ sha256: blob?.sha256 ?? "" }));
  const runOne = async () => {
    const { id } = await client.batches.create({ pipeline: invert, pictures });
    expect(await client.batches.wait(id)).toMatchObject({ jobsSucceeded: 2_000 });
  };
  // Caches have a fixed size: those of specifications and open jobs are full after the first batch.
  await runOne();
  const before = await readMemory(large);
  await runOne();
  expect(await findGrown(large, before, { kept: 6, anonymous: 64 })).toEqual([]);
});

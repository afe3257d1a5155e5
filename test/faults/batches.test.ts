import type { Bus } from "@pixelmesh/bus";
import { type BatchJob, BatchState, connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import { connectTestBus, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startFaultyReplica } from "../support/faulty-replica.ts";

const env = { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_INGEST_RECONCILE_AFTER: "2s", PIXELMESH_STOP_GRACE: "2s" };
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["storage", "scheduler", "ingest", "effects"], env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

let drawn = 0;
/** A picture of 24×16 pixels that no other call returns. */
function drawPicture(): Promise<Buffer> {
  drawn += 1;
  const background = { r: drawn % 256, g: (drawn >> 8) % 256, b: 99 };
  return sharp({ create: { width: 24, height: 16, channels: 3, background } })
    .png()
    .toBuffer();
}

async function drawPictures(count: number): Promise<{ bytes: Buffer }[]> {
  return Promise.all(Array.from({ length: count }, async () => ({ bytes: await drawPicture() })));
}

const invert = { steps: [effectStep("fx", "invert")] };

/** A client of a tenant that retries for two minutes, closed with the test. */
function connectTenant(tenant: string, address = mesh.address): Pixelmesh {
  const client = connectPixelmesh({ address, tenant, retryTimeoutMs: 120_000 });
  onTestFinished(client.close);
  return client;
}

/** Expects one job for each source, each succeeded, and no other job of the batch. */
async function expectOneJobEach(client: Pixelmesh, batchId: string, sources: number): Promise<void> {
  const listed: BatchJob[] = await Array.fromAsync(client.batches.jobs(batchId));
  expect(listed.map(({ index, state, attempt }) => [index, state, attempt])).toEqual(
    Array.from({ length: sources }, (_, index) => [index, JobState.SUCCEEDED, 1]),
  );
  const own = async () =>
    (await Array.fromAsync(client.jobs.list({ filter: { labels: [`batch:${batchId}`] }, pageSize: 200 })))
      .filter(({ state }) => state === JobState.SUCCEEDED)
      .map(({ id }) => id)
      .sort();
  await expect.poll(own).toEqual(listed.map(({ jobId }) => jobId).sort());
}

test("ingest is killed twice within a batch: a watch goes on, and each source has one job that succeeded", {
  timeout: 300_000,
}, async () => {
  const client = connectTenant("killed");
  const sources = 300;
  const { id } = await client.batches.create({ pipeline: invert, pictures: await drawPictures(sources) });
  const ended: number[] = [];
  let kills = 0;
  for await (const batch of client.batches.watch(id)) {
    ended.push(...batch.ended.map(({ index }) => index));
    if (kills === 2 || ended.length < 1 + kills * 100) continue;
    kills += 1;
    mesh.kill("ingest");
  }
  expect(kills).toBe(2);
  expect(ended.sort((a, b) => a - b)).toEqual(Array.from({ length: sources }, (_, index) => index));
  expect(await client.batches.get(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: sources });
  await expectOneJobEach(client, id, sources);
});

test("a worker is killed within a batch: each source has one job that succeeded", { timeout: 300_000 }, async () => {
  const client = connectTenant("worker-killed");
  const { id } = await client.batches.create({ pipeline: invert, pictures: await drawPictures(60) });
  await expect.poll(async () => (await client.batches.get(id)).jobsSucceeded).toBeGreaterThan(5);
  mesh.kill("effects");
  expect(await client.batches.wait(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 60 });
  await expectOneJobEach(client, id, 60);
});

test("every replica accepts an uploaded picture, shows a batch of another one, and takes over its jobs", {
  timeout: 300_000,
}, async () => {
  await using replica = await startReplica(mesh, bus, "ingest", { env });
  const [here, there] = [connectTenant("pair"), connectTenant("pair", replica.address)];
  const { blob } = await here.batches.upload(await drawPicture());
  const job = await there.jobs.create({ pipeline: invert, pictures: [{ sha256: blob?.sha256 ?? "" }] });
  expect((await there.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  const pictures = [{ sha256: blob?.sha256 ?? "" }, ...(await drawPictures(80))];
  const { id } = await there.batches.create({ pipeline: invert, pictures });
  await expect.poll(async () => (await here.batches.get(id)).jobsSucceeded).toBeGreaterThan(10);
  // The first replica holds the lease.
  mesh.kill("ingest");
  expect(await there.batches.wait(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 81 });
  await expectOneJobEach(there, id, 81);
  await there.batches.get(id);
  await here.ready(60_000);
  expect(await here.batches.wait(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 81 });
});

test("a creation survives ingest dying between any two of its writes, and makes one batch", {
  timeout: 300_000,
}, async () => {
  const tenant = "dying";
  const client = connectTenant(tenant);
  const pictures = await drawPictures(3);
  for (const { bytes } of pictures) await client.batches.upload(bytes);
  const reached = new Set<string>();
  for (let diesAt = 1; ; diesAt++) {
    await using victim = await startFaultyReplica(mesh, bus, "ingest", diesAt, env);
    const atVictim = connectPixelmesh({ address: victim.address, tenant, retryTimeoutMs: 0 });
    const request = { pipeline: invert, pictures, requestId: `dies-at-${diesAt}` };
    const acknowledged = await atVictim.batches.create(request).then(
      ({ id }) => id,
      () => undefined,
    );
    atVictim.close();
    const { id } = await client.batches.create(request);
    if (acknowledged !== undefined) expect(id).toBe(acknowledged);
    expect(await client.batches.wait(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 3 });
    await expectOneJobEach(client, id, 3);
    const died = /dies before: (.*)/.exec(victim.errorOutput())?.[1];
    if (died !== undefined) reached.add(died);
    // It survived its uploads and the creation.
    if (acknowledged !== undefined) break;
    expect(diesAt).toBeLessThan(30);
  }
  expect([...reached]).toEqual(expect.arrayContaining(["put batches", "create batches", "put uploads"]));
  const batches = await Array.fromAsync(client.batches.list());
  expect(new Set(batches.map(({ requestId }) => requestId)).size).toBe(batches.length);
});

test.each(["create jobs", "update batches", "remove batches"])(
  "a batch survives its feeder dying before its first write `%s`",
  { timeout: 300_000 },
  async (write) => {
    const tenant = write.replace(" ", "-");
    const client = connectTenant(tenant);
    const pictures = await drawPictures(5);
    const keeper = mesh.processes().find(({ name }) => name === "ingest")?.pid as number;
    await using victim = await startFaultyReplica(mesh, bus, "ingest", write, env);
    const atVictim = connectPixelmesh({ address: victim.address, tenant, retryTimeoutMs: 0 });
    // The lease of a stopped process expires, and the other replica feeds.
    process.kill(keeper, "SIGSTOP");
    let id = "";
    try {
      ({ id } = await atVictim.batches.create({ pipeline: invert, pictures }));
      await victim.exited;
    } finally {
      process.kill(keeper, "SIGCONT");
      atVictim.close();
    }
    expect(victim.errorOutput()).toContain(`dies before: ${write}`);
    expect(await client.batches.wait(id)).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 5 });
    await expectOneJobEach(client, id, 5);
    // Nothing is left of it among the unfinished ones.
    const open = async () => {
      const info = await bus.jsm.streams.info("KV_batches", { subjects_filter: "$KV.batches.open.>" });
      return Object.keys(info.state.subjects ?? {}).filter((key) => key.includes(id));
    };
    await expect.poll(open).toEqual([]);
  },
);

import { createHash, randomBytes } from "node:crypto";
import { connectPixelmesh, ImageFormat, type Job, JobState } from "@pixelmesh/client";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";

const mib = 1024 * 1024;
const storageMax = { PIXELMESH_STORAGE_MAX: "16MiB", PIXELMESH_STORAGE_MIN_FREE: "0B" };

/** Two effects that no earlier job had, with a frame between them. */
function chain(format: ImageFormat) {
  const contrast = 1 + Math.random() / 4;
  const steps = [effectStep("first", "black_and_white", { contrast }), effectStep("then", "pop_art", {}, "first")];
  return { steps, outputs: [{ name: "out", step: "then", encoding: { format } }] };
}

/** A picture of noise, which does not compress. */
const noise = (px: number) =>
  sharp(randomBytes(px * px * 3), { raw: { width: px, height: px, channels: 3 } })
    .jpeg({ quality: 60 })
    .toBuffer();

function readStore(mesh: TestMesh) {
  const storage = mesh.processes().find(({ name }) => name === "storage");
  const connection = connectRpc(storage?.grpc ?? "");
  onTestFinished(() => connection.close());
  return connection.client(StorageServiceDefinition);
}

async function runOne(mesh: TestMesh, bytes: Uint8Array, format: ImageFormat): Promise<Job> {
  const job = await mesh.client.jobs.create({ pipeline: chain(format), pictures: [{ bytes }] });
  return mesh.client.jobs.wait(job.id);
}

test("a small store serves many times its size of work, and keeps every output", async () => {
  await using mesh = await startTestMesh({ env: storageMax });
  await using bus = await connectTestBus(mesh.brokerUrl());
  const store = readStore(mesh);
  const source = sharp(robot).resize(640);
  const ended: Job[] = [];
  let mostBytes = 0;
  // Each job has its own upload (about 60 KiB), frame (1.9 MiB) and output: eight times the size of the store.
  for (let round = 0; round < 16; round += 1) {
    const jobs = Array.from({ length: 4 }, async (_, at) => {
      const bytes = await source
        .clone()
        .modulate({ brightness: 1 + (round * 4 + at) / 200 })
        .jpeg()
        .toBuffer();
      return runOne(mesh, bytes, ImageFormat.JPEG);
    });
    ended.push(...(await Promise.all(jobs)));
    mostBytes = Math.max(mostBytes, (await store.getStats({})).sizeBytes);
  }
  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  expect(mostBytes).toBeLessThanOrEqual(16 * mib);
  expect((await store.getStats({})).evictedTotal).toBeGreaterThan(40);
  await expect.poll(() => countRuns(bus, "effects")).toBe(2 * ended.length);
  for (const job of ended) {
    const bytes = await download(mesh.client, job, "out");
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(job.outputs[0]?.sha256);
  }
  // No promise is left.
  await expect.poll(async () => (await store.getStats({})).reservedBytes).toBe(0);
});

// Noise as PNG takes 3 bytes a pixel: some ten outputs fill the store.
const runNoise = async (mesh: TestMesh) => runOne(mesh, await noise(640), ImageFormat.PNG);

test("a store full of promised outputs refuses new jobs, and keeps the outputs", async () => {
  await using mesh = await startTestMesh({ env: storageMax });
  await using bus = await connectTestBus(mesh.brokerUrl());
  const impatient = connectPixelmesh({ address: mesh.address, retryTimeoutMs: 0 });
  onTestFinished(() => impatient.close());
  const ended: Job[] = [];
  let refusal: unknown;
  while (ended.length < 40 && refusal === undefined) {
    const pictures = [{ bytes: await noise(640) }];
    try {
      const job = await impatient.jobs.create({ pipeline: chain(ImageFormat.PNG), pictures });
      ended.push(await mesh.client.jobs.wait(job.id));
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({ reason: "STORAGE_FULL", retryAfterMs: expect.any(Number) });
  expect(ended.length).toBeGreaterThan(3);
  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  await expect.poll(() => countRuns(bus, "effects")).toBe(2 * ended.length);
  for (const job of ended) expect((await download(mesh.client, job, "out")).length).toBe(job.outputs[0]?.sizeBytes);
});

test("outputs past their hold time are evicted for new work, and one that is used stays", async () => {
  await using mesh = await startTestMesh({ env: { ...storageMax, PIXELMESH_STORAGE_OUTPUT_HOLD: "0s" } });
  const used = await runNoise(mesh);
  const others: Job[] = [];
  while (others.length < 15) {
    others.push(await runNoise(mesh));
    expect((await download(mesh.client, used, "out")).length).toBe(used.outputs[0]?.sizeBytes);
  }
  expect([used, ...others].filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  const kept: number[] = [];
  const gone: unknown[] = [];
  for (const job of others)
    await download(mesh.client, job, "out").then(
      (bytes) => kept.push(bytes.length - (job.outputs[0]?.sizeBytes ?? 0)),
      (error: unknown) => gone.push(error),
    );
  expect(gone.length).toBeGreaterThan(0);
  for (const error of gone)
    expect(error).toMatchObject({ reason: "BLOB_NOT_FOUND", message: expect.stringContaining("run the job again") });
  expect(kept).toEqual(kept.map(() => 0));
});

test("a job that does not fit into an empty store is refused as not retryable", async () => {
  await using mesh = await startTestMesh({ env: { ...storageMax, PIXELMESH_STORAGE_MAX: "4MiB" } });
  const bytes = await sharp({ create: { width: 2_000, height: 1_000, channels: 3, background: "#246" } })
    .png()
    .toBuffer();
  const creating = mesh.client.jobs.create({ pipeline: chain(ImageFormat.JPEG), pictures: [{ bytes }] });
  await expect(creating).rejects.toMatchObject({
    reason: "OUTPUT_TOO_LARGE",
    message: expect.stringContaining("store"),
  });
});

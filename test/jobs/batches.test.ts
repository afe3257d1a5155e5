import { createHash } from "node:crypto";
import {
  AppError,
  type Batch,
  type BatchJob,
  BatchState,
  connectPixelmesh,
  JobState,
  type Pixelmesh,
  type Reason,
} from "@pixelmesh/client";
import { CreateBatchRequest, ErrorReason, JobServiceDefinition, Priority } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, keysLeft } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const maxBatchesOfTenant = 3;
let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({
    services: ["storage", "scheduler", "ingest", "effects"],
    env: { PIXELMESH_INGEST_MAX_BATCHES_PER_TENANT: String(maxBatchesOfTenant) },
  });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

let drawn = 0;
/** A picture of 24×16 pixels that no other call returns. */
function drawPicture(): Promise<Buffer> {
  drawn += 1;
  const background = { r: drawn % 256, g: (drawn >> 8) % 256, b: 77 };
  return sharp({ create: { width: 24, height: 16, channels: 3, background } })
    .png()
    .toBuffer();
}
const drawPictures = (count: number) => Promise.all(Array.from({ length: count }, drawPicture));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A PNG whose header is intact and whose pixels are not. */
async function drawDamaged(): Promise<Buffer> {
  const bytes = await drawPicture();
  bytes.fill(0x5a, bytes.indexOf("IDAT") + 4, bytes.indexOf("IEND") - 8);
  return bytes;
}

const invert = { steps: [effectStep("fx", "invert")] };

/** A client of a tenant, closed with the test. */
function connectTenant(tenant: string): Pixelmesh {
  const client = connectPixelmesh({ address: mesh.address, tenant });
  onTestFinished(client.close);
  return client;
}

/** Watches a batch to its end. Returns its last message and the jobs that ended, in their order. */
async function watchToEnd(
  client: Pixelmesh,
  batchId: string,
  cursor = "",
): Promise<{ last: Batch; ended: BatchJob[] }> {
  const ended: BatchJob[] = [];
  let last: Batch | undefined;
  for await (const batch of client.batches.watch(batchId, { cursor })) {
    ended.push(...batch.ended);
    last = batch;
  }
  return { last: last as Batch, ended };
}

const byIndex = (jobs: readonly BatchJob[]) => [...jobs].sort((a, b) => a.index - b.index);
const jobsOf = (client: Pixelmesh, batchId: string) => Array.fromAsync(client.batches.jobs(batchId));

async function* toStream(bytes: Uint8Array) {
  yield bytes.subarray(0, 10);
  yield bytes.subarray(10);
}

test("good pictures succeed and bad ones fail with their reasons, whether the upload or a worker finds them", async () => {
  const client = connectTenant("mixed");
  const good = await drawPictures(5);
  const pictures = [
    { name: "a.png", bytes: good[0] as Buffer },
    { name: "text.png", bytes: Buffer.from("no picture") },
    { name: "b.png", open: () => toStream(good[1] as Buffer) },
    { name: "damaged.png", bytes: await drawDamaged() },
    { name: "lost.png", sha256: "0".repeat(64) },
    ...good.slice(2).map((bytes, at) => ({ name: `c${at}.png`, bytes })),
  ];
  const created = await client.batches.create({ pipeline: invert, pictures, labels: ["holiday"] });
  expect(created).toMatchObject({ jobsTotal: 8, labels: ["holiday"], state: BatchState.RUNNING });
  const { last, ended } = await watchToEnd(client, created.id);
  expect(last).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 5, jobsFailed: 3, jobsRunning: 0, etaMs: 0 });
  const shown = byIndex(ended).map(({ name, state, error }) => [name, state, error?.reason]);
  const ok = [JobState.SUCCEEDED, undefined];
  expect(shown).toEqual([
    ["a.png", ...ok],
    ["text.png", JobState.FAILED, ErrorReason.IMAGE_TYPE_UNSUPPORTED],
    ["b.png", ...ok],
    ["damaged.png", JobState.FAILED, ErrorReason.IMAGE_CORRUPT],
    ["lost.png", JobState.FAILED, ErrorReason.BLOB_NOT_FOUND],
    ...["c0.png", "c1.png", "c2.png"].map((name) => [name, ...ok]),
  ]);
  // Only the worker's failure belongs to a job.
  expect(byIndex(ended).map(({ jobId }) => jobId !== "")).toEqual([true, false, true, true, false, true, true, true]);
  // The list in the order of the sources agrees with the watch.
  expect(await Array.fromAsync(client.batches.jobs(created.id, { pageSize: 3 }))).toEqual(byIndex(ended));
  const failed = await Array.fromAsync(client.batches.jobs(created.id, { state: JobState.FAILED, pageSize: 2 }));
  expect(failed.map(({ index }) => index)).toEqual([1, 3, 4]);
  for (const { jobId, state } of ended) {
    if (state !== JobState.SUCCEEDED) continue;
    const job = await client.jobs.get(jobId);
    expect(job).toMatchObject({ state, priority: Priority.BATCH });
    expect([...job.labels].sort()).toEqual([`batch:${created.id}`, "holiday"].sort());
  }
  expect(await client.batches.get(created.id)).toMatchObject({ jobsSucceeded: 5, jobsFailed: 3 });
  const again = await client.batches.retry(created.id);
  expect(again).toMatchObject({ state: BatchState.RUNNING, jobsSucceeded: 5, jobsRunning: 3 });
  // The causes are still there.
  expect(await client.batches.wait(created.id)).toMatchObject({ state: BatchState.ENDED, jobsFailed: 3 });
});

test("a repeated creation returns the same batch, also at once; another request with its id is refused", async () => {
  const client = connectTenant("repeats");
  const [one, two] = await drawPictures(2);
  const request = { pipeline: invert, pictures: [{ bytes: one as Buffer }], requestId: "once" };
  const batches = await Promise.all(Array.from({ length: 6 }, () => client.batches.create(request)));
  const [id = ""] = new Set(batches.map((batch) => batch.id));
  expect(new Set(batches.map((batch) => batch.id)).size).toBe(1);
  await client.batches.wait(id);
  expect(await client.batches.create(request)).toMatchObject({ id, state: BatchState.ENDED, jobsSucceeded: 1 });
  const other = { ...request, pictures: [{ bytes: two as Buffer }] };
  await expect(client.batches.create(other)).rejects.toMatchObject({ reason: "REQUEST_ID_REUSED" });
  expect((await Array.fromAsync(client.batches.list())).map((batch) => batch.id)).toEqual([id]);
  expect((await Array.fromAsync(client.jobs.list({ filter: { labels: [`batch:${id}`] } }))).length).toBe(1);
  // The tenant is part of the identity.
  expect((await connectTenant("repeats-2").batches.create(request)).id).not.toBe(id);
});

test("a deadline counts from the creation of each job, and a repetition after it returns the batch", async () => {
  const [bytes] = await drawPictures(1);
  const client = connectTenant("deadlines");
  const { blob } = await client.batches.upload(bytes as Buffer);
  const rpc = connectRpc(mesh.address, { tenant: "deadlines" });
  onTestFinished(rpc.close);
  const deadlineUnixMs = Date.now() + 4_000;
  const request = CreateBatchRequest.fromPartial({
    header: { pipeline: invert, requestId: "late", deadlineUnixMs },
    sources: [{ sha256: blob?.sha256 ?? "" }],
  });
  const { id } = await rpc.client(JobServiceDefinition).createBatch(request);
  expect(await client.batches.wait(id)).toMatchObject({ jobsSucceeded: 1 });
  const [batchJob] = await jobsOf(client, id);
  const job = await client.jobs.get(batchJob?.jobId ?? "");
  const allowedMs = job.deadlineUnixMs - job.createdUnixMs;
  expect(allowedMs).toBeGreaterThan(0);
  expect(allowedMs).toBeLessThanOrEqual(4_000);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, deadlineUnixMs + 100 - Date.now())));
  expect((await rpc.client(JobServiceDefinition).createBatch(request)).id).toBe(id);
  const other = { ...request, header: { ...request.header, requestId: "new" } };
  const refused = rpc.client(JobServiceDefinition).createBatch(CreateBatchRequest.fromPartial(other));
  await expect(refused).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("a watch that is resumed from a cursor gets each end once, in the same order, also above 500 at once", {
  timeout: 300_000,
}, async () => {
  const client = connectTenant("cursors");
  const { blob } = await client.batches.upload(await drawPicture());
  // Equal jobs take their result from the cache, so that many of them are quick.
  const pictures = Array.from({ length: 1_100 }, () => ({ sha256: blob?.sha256 ?? "" }));
  const { id } = await client.batches.create({ pipeline: invert, pictures });
  const first: BatchJob[] = [];
  let cursor = "";
  let messages = 0;
  for await (const batch of client.batches.watch(id)) {
    first.push(...batch.ended);
    cursor = batch.cursor;
    messages += 1;
    if (first.length >= 300) break;
  }
  expect(messages).toBeGreaterThan(0);
  const rest = await watchToEnd(client, id, cursor);
  const all = await watchToEnd(client, id);
  expect([...first, ...rest.ended]).toEqual(all.ended);
  expect(new Set(all.ended.map(({ index }) => index)).size).toBe(1_100);
  expect(all.last).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 1_100, cursor: "1100" });
  expect(all.last.ended.length).toBeLessThan(500);
  const wrong = client.batches.watch(id, { cursor: "1101" }).next();
  await expect(wrong).rejects.toMatchObject({ reason: "INVALID_ARGUMENT", message: expect.stringContaining("cursor") });
});

test("a cancelled batch ends at once and leaves no open job; a retry runs the cancelled jobs alone", {
  timeout: 300_000,
}, async () => {
  const client = connectTenant("cancels");
  const bytes = await slowPicture(1_000);
  const quick = await drawPicture();
  const pictures = Array.from({ length: 12 }, (_, at) => ({ bytes: at === 0 ? quick : bytes }));
  const { id } = await client.batches.create({ pipeline: slowPipeline(), pictures, noCache: true });
  await expect.poll(async () => (await client.batches.get(id)).jobsSucceeded, { timeout: 60_000 }).toBeGreaterThan(0);
  await client.batches.cancel(id);
  const { last, ended } = await watchToEnd(client, id);
  expect(last).toMatchObject({ state: BatchState.CANCELLED, jobsFailed: 0, jobsRunning: 0 });
  expect(last.jobsSucceeded + last.jobsCancelled).toBe(12);
  expect(last.jobsCancelled).toBeGreaterThan(0);
  await using bus = await connectTestBus(mesh.brokerUrl());
  await expect.poll(async () => (await keysLeft(bus, "open")).filter((key) => key.startsWith("cancels."))).toEqual([]);
  expect((await client.batches.cancel(id)).state).toBe(BatchState.CANCELLED);

  await client.batches.retry(id);
  const refused = { reason: "INVALID_ARGUMENT", message: expect.stringContaining("runs") };
  await expect(client.batches.retry(id)).rejects.toMatchObject(refused);
  const again = await watchToEnd(client, id, last.cursor);
  expect(again.last).toMatchObject({ state: BatchState.ENDED, jobsSucceeded: 12 });
  const cancelled = byIndex(ended).filter(({ state }) => state === JobState.CANCELLED);
  expect(byIndex(again.ended).map(({ index, attempt }) => [index, attempt])).toEqual(
    cancelled.map(({ index }) => [index, 2]),
  );
  // Nothing is left to retry.
  expect((await client.batches.retry(id)).state).toBe(BatchState.ENDED);
});

test("a retry runs failed jobs alone, and finds pictures that were sent since", async () => {
  const client = connectTenant("retries");
  const [here, late] = (await drawPictures(2)) as [Buffer, Buffer];
  const pictures = [{ bytes: here }, { sha256: sha256(late), name: "late.png" }];
  const { id } = await client.batches.create({ pipeline: invert, pictures });
  expect(await client.batches.wait(id)).toMatchObject({ jobsSucceeded: 1, jobsFailed: 1 });
  const before = await jobsOf(client, id);
  await client.batches.upload(late);
  await client.batches.retry(id);
  expect(await client.batches.wait(id)).toMatchObject({ jobsSucceeded: 2, jobsFailed: 0, state: BatchState.ENDED });
  const after = await jobsOf(client, id);
  expect(after[0]).toEqual(before[0]);
  expect(after[1]).toMatchObject({ name: "late.png", attempt: 2, state: JobState.SUCCEEDED });
  expect((await client.jobs.get(after[1]?.jobId ?? "")).state).toBe(JobState.SUCCEEDED);
});

test("a picture of another tenant is refused for that source alone, with the text of an unknown picture", async () => {
  const [ann, bob] = [connectTenant("ann"), connectTenant("bob")];
  const [own, foreign] = (await drawPictures(2)) as [Buffer, Buffer];
  await ann.batches.upload(foreign);
  const pictures = [{ bytes: own }, { sha256: sha256(foreign) }, { sha256: "1".repeat(64) }];
  const { id } = await bob.batches.create({ pipeline: invert, pictures });
  expect(await bob.batches.wait(id)).toMatchObject({ jobsSucceeded: 1, jobsFailed: 2 });
  const [, other, unknown] = await jobsOf(bob, id);
  expect(other?.error).toEqual(unknown?.error);
  expect(other?.error?.reason).toBe(ErrorReason.BLOB_NOT_FOUND);
  for (const call of [ann.batches.get(id), ann.batches.cancel(id), ann.batches.retry(id), ann.batches.wait(id)])
    await expect(call).rejects.toMatchObject({ reason: "BATCH_NOT_FOUND" });
  expect(await Array.fromAsync(ann.batches.list())).toEqual([]);
});

test("other callers are served while a large batch runs, and jobs of its tenant stay interactive", {
  timeout: 300_000,
}, async () => {
  const client = connectTenant("large");
  const { blob } = await client.batches.upload(await slowPicture(600));
  const pictures = Array.from({ length: 400 }, () => ({ sha256: blob?.sha256 ?? "" }));
  const { id } = await client.batches.create({ pipeline: slowPipeline(), pictures, noCache: true });
  await expect.poll(async () => (await client.batches.get(id)).jobsRunning, { timeout: 60_000 }).toBeGreaterThan(8);
  for (const tenant of ["large", "other"]) {
    const caller = connectTenant(tenant);
    const job = await caller.jobs.create({ pipeline: invert, pictures: [{ bytes: await drawPicture() }] });
    expect(job).toMatchObject({ priority: Priority.INTERACTIVE, notices: [] });
    expect((await caller.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  }
  const running = await client.batches.get(id);
  // Were the batch served first, it would have ended before the others.
  expect(running.state).toBe(BatchState.RUNNING);
  expect(running.jobsRunning).toBeLessThanOrEqual(64);
  await client.batches.cancel(id);
  await client.batches.wait(id);
});

test("jobs of a tenant stay interactive beside its batch of many quick jobs", { timeout: 300_000 }, async () => {
  const client = connectTenant("quick");
  const { blob } = await client.batches.upload(await drawPicture());
  const pictures = Array.from({ length: 1_500 }, () => ({ sha256: blob?.sha256 ?? "" }));
  const { id } = await client.batches.create({ pipeline: invert, pictures });
  let jobs = 0;
  for (let isRunning = true; isRunning; jobs++) {
    const job = await client.jobs.create({ pipeline: invert, pictures: [{ bytes: await drawPicture() }] });
    expect(job).toMatchObject({ priority: Priority.INTERACTIVE, notices: [] });
    isRunning = (await client.batches.get(id)).state === BatchState.RUNNING;
  }
  expect(jobs).toBeGreaterThan(5);
  expect(await client.batches.get(id)).toMatchObject({ jobsSucceeded: 1_500 });
});

test("unfinished batches of a tenant are limited; lists show the newest first, in pages", async () => {
  const client = connectTenant("limits");
  const pictures = [{ bytes: await slowPicture(1_000) }];
  const ids: string[] = [];
  for (let at = 0; at < maxBatchesOfTenant; at++) {
    const batch = await client.batches.create({ pipeline: slowPipeline(), pictures, noCache: true });
    ids.push(batch.id);
  }
  const { sha256: digest = "" } = (await client.batches.upload(await drawPicture())).blob ?? {};
  const rpc = connectRpc(mesh.address, { tenant: "limits" });
  onTestFinished(rpc.close);
  const request = CreateBatchRequest.fromPartial({
    header: { pipeline: slowPipeline() },
    sources: [{ sha256: digest }],
  });
  const refused = await rpc
    .client(JobServiceDefinition)
    .createBatch(request)
    .catch((error: unknown) => error);
  // They may have ended meanwhile on a fast machine; then the batch is accepted.
  if (refused instanceof AppError) expect(refused).toMatchObject({ reason: "TOO_MANY_BATCHES", retryAfterMs: 5_000 });
  for (const id of ids) await client.batches.cancel(id);
  for (const id of ids) await client.batches.wait(id);
  const listed = (await Array.fromAsync(client.batches.list({ pageSize: 2 }))).map(({ id }) => id);
  expect(listed.filter((id) => ids.includes(id))).toEqual([...ids].reverse());
  expect((await client.batches.create({ pipeline: invert, pictures })).state).toBe(BatchState.RUNNING);
});

const digest = "2".repeat(64);
const header = { pipeline: invert };
const nine = Array.from({ length: 9 }, (_, at) => `l${at}`);
test.each<[string, Parameters<typeof CreateBatchRequest.fromPartial>[0], Reason, string]>([
  ["no header", { sources: [{ sha256: digest }] }, "INVALID_ARGUMENT", "header"],
  ["no picture", { header }, "INVALID_ARGUMENT", "sources"],
  ["10,001 pictures", { header, sources: Array(10_001).fill({ sha256: digest }) }, "INVALID_ARGUMENT", "10001"],
  ["a bad digest", { header, sources: [{ sha256: "x" }] }, "INVALID_ARGUMENT", "sources[0].sha256"],
  ["a name too few", { header, sources: Array(2).fill({ sha256: digest }), names: ["a"] }, "INVALID_ARGUMENT", "names"],
  ["a long name", { header, sources: [{ sha256: digest }], names: ["ä".repeat(128)] }, "INVALID_ARGUMENT", "names[0]"],
  ["nine labels", { header: { ...header, labels: nine }, sources: [{ sha256: digest }] }, "INVALID_ARGUMENT", "labels"],
  [
    "a label of the mesh",
    { header: { ...header, labels: ["batch:x"] }, sources: [{ sha256: digest }] },
    "INVALID_ARGUMENT",
    "batch:x",
  ],
  [
    "a bad deadline",
    { header: { ...header, deadlineAfterMs: -1 }, sources: [{ sha256: digest }] },
    "INVALID_ARGUMENT",
    "deadline_after_ms",
  ],
  [
    "a bad priority",
    { header: { ...header, priority: 9 as Priority }, sources: [{ sha256: digest }] },
    "INVALID_ARGUMENT",
    "priority",
  ],
  ["no pipeline", { header: {}, sources: [{ sha256: digest }] }, "INVALID_PIPELINE", "pipeline"],
  [
    "an unknown effect",
    { header: { pipeline: { steps: [effectStep("fx", "nothing")] } }, sources: [{ sha256: digest }] },
    "UNKNOWN_EFFECT",
    "nothing",
  ],
])("a batch with %s is refused and leaves nothing", async (_, request, reason, text) => {
  const rpc = connectRpc(mesh.address, { tenant: "refused" });
  onTestFinished(rpc.close);
  const jobs = rpc.client(JobServiceDefinition);
  const refused = jobs.createBatch(CreateBatchRequest.fromPartial(request));
  await expect(refused).rejects.toMatchObject({ reason, message: expect.stringContaining(text) });
  expect((await jobs.listBatches({ pageSize: 0, pageToken: "" })).batches).toEqual([]);
});

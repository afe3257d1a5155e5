import { randomBytes } from "node:crypto";
import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, type Job, JobState, type Pixelmesh } from "@pixelmesh/client";
import { JobRecord, JobSpec } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import { connectTestBus, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let model: { spec: JobSpec; record: JobRecord };
let contrast = 1;

beforeAll(async () => {
  mesh = await startTestMesh({ services: ["scheduler", "storage", "ingest", "effects"] });
  bus = await connectTestBus(mesh.brokerUrl());
  const { id } = await runTiny(mesh.client);
  const read = async (key: string) => {
    const found = await bus.jsm.streams.getMessage("KV_jobs", { last_by_subj: `$KV.jobs.${key}` });
    return found?.data as Uint8Array;
  };
  model = {
    // The only job so far.
    spec: JobSpec.decode(await read("spec.default.*")),
    record: JobRecord.decode(await read(`record.${id}`)),
  };
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

async function runTiny(client: Pixelmesh): Promise<Job> {
  contrast += 1e-4;
  const bytes = await sharp({ create: { width: 16, height: 16, channels: 3, background: "teal" } })
    .png()
    .toBuffer();
  const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast })] };
  const job = await client.jobs.create({ pipeline, pictures: [{ bytes }] });
  return client.jobs.wait(job.id);
}

/** Creates an id of RFC 9562, version 7. */
function newId(atUnixMs: number): string {
  const time = atUnixMs.toString(16).padStart(12, "0");
  const random = randomBytes(10).toString("hex");
  const groups = [
    time.slice(0, 8),
    time.slice(8),
    `7${random.slice(0, 3)}`,
    `8${random.slice(3, 6)}`,
    random.slice(6, 18),
  ];
  return `j1a-${groups.join("-")}`;
}

/** Stores ended jobs of a tenant, one in a hundred of them failed. Resolves with all ids and the failed ones, oldest first. */
async function writeJobs(tenant: string, count: number): Promise<{ ids: string[]; failed: string[] }> {
  const ids: string[] = [];
  const failed: string[] = [];
  const startMs = Date.now() - count;
  let storing: Promise<unknown>[] = [];
  for (let at = 0; at < count; at++) {
    const jobId = newId(startMs + at);
    const hasFailed = at % 100 === 7;
    ids.push(jobId);
    if (hasFailed) failed.push(jobId);
    const state = hasFailed ? JobState.FAILED : JobState.SUCCEEDED;
    const spec = JobSpec.encode({ ...model.spec, jobId, tenant }).finish();
    const record = JobRecord.encode({ ...model.record, jobId, tenant, state }).finish();
    storing.push(bus.js.publish(`$KV.jobs.spec.${tenant}.${jobId}`, spec, { timeout: 30_000 }));
    storing.push(bus.js.publish(`$KV.jobs.record.${jobId}`, record, { timeout: 30_000 }));
    if (storing.length >= 500) {
      await Promise.all(storing);
      storing = [];
    }
  }
  await Promise.all(storing);
  return { ids, failed };
}

const consumers = async () => (await bus.jsm.streams.info("KV_jobs")).state.consumer_count;

/** A client of a tenant, closed with the test. */
function connectTenant(tenant: string, address = mesh.address): Pixelmesh {
  const client = connectPixelmesh({ address, tenant });
  onTestFinished(client.close);
  return client;
}

async function listIds(client: Pixelmesh, options: Parameters<Pixelmesh["jobs"]["list"]>[0] = {}): Promise<string[]> {
  return (await Array.fromAsync(client.jobs.list(options))).map(({ id }) => id);
}

/** Reads the first `count` pages of a listing, each with its duration. */
async function timePages(client: Pixelmesh, state: JobState, count: number): Promise<number[]> {
  const timesMs: number[] = [];
  const pageSize = 20;
  const jobs = client.jobs.list({ state, pageSize });
  for (let page = 0; page < count; page++) {
    const startMs = performance.now();
    for (let at = 0; at < pageSize; at++) expect((await jobs.next()).done).toBe(false);
    timesMs.push(performance.now() - startMs);
  }
  return timesMs;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

test("a listing of any number of jobs shows each once, newest first, with full pages, and leaves no consumer", {
  timeout: 300_000,
}, async () => {
  const few = await writeJobs("few", 5_000);
  const fewClient = connectTenant("few");
  await expect.poll(() => listIds(fewClient, { pageSize: 200 }), { timeout: 60_000 }).toEqual(few.ids.reverse());
  const failed = few.failed.reverse();
  expect(await listIds(fewClient, { state: JobState.FAILED, pageSize: 7 })).toEqual(failed);
  expect(await listIds(fewClient, { state: JobState.CANCELLED })).toEqual([]);
  expect(await listIds(connectTenant("without-jobs"))).toEqual([]);
  const before = await consumers();
  const many = await writeJobs("many", 60_000);
  const manyClient = connectTenant("many");
  const newest = many.ids.reverse().slice(0, 20);
  const firstPage = async () => {
    const seen: string[] = [];
    for await (const { id } of manyClient.jobs.list({ pageSize: 20 })) if (seen.push(id) === 20) break;
    return seen;
  };
  await expect.poll(firstPage, { timeout: 60_000 }).toEqual(newest);
  const times = { fewMs: [], manyMs: [], fewFailedMs: [], manyFailedMs: [] } as Record<string, number[]>;
  // Alternately, so that other work on the machine slows all of them.
  for (let round = 0; round < 12; round++) {
    times.fewMs?.push(...(await timePages(fewClient, JobState.UNSPECIFIED, 2)));
    times.manyMs?.push(...(await timePages(manyClient, JobState.UNSPECIFIED, 2)));
    times.fewFailedMs?.push(...(await timePages(fewClient, JobState.FAILED, 2)));
    times.manyFailedMs?.push(...(await timePages(manyClient, JobState.FAILED, 2)));
  }
  const middle = (name: string) => median(times[name] ?? []);
  console.log("a page of 20, ms:", Object.fromEntries(Object.keys(times).map((name) => [name, middle(name)])));
  // Twelve times as many jobs: a page that read them all would take twelve times as long.
  expect(middle("manyMs")).toBeLessThan(4 * middle("fewMs"));
  expect(middle("manyFailedMs")).toBeLessThan(4 * middle("fewFailedMs"));
  expect(await listIds(manyClient, { state: JobState.FAILED, pageSize: 200 })).toEqual(many.failed.reverse());
  expect(await consumers()).toBe(before);
});

test("the replica that accepted a job lists it at once, and the other one soon", async () => {
  await using replica = await startReplica(mesh, bus, "ingest");
  const [here, there] = [connectTenant("pair"), connectTenant("pair", replica.address)];
  for (let round = 0; round < 5; round++) {
    const { id } = await runTiny(round % 2 === 0 ? here : there);
    expect((await listIds(round % 2 === 0 ? here : there))[0]).toBe(id);
    await expect.poll(async () => (await listIds(round % 2 === 0 ? there : here))[0]).toBe(id);
  }
  expect(await listIds(here, { state: JobState.SUCCEEDED })).toEqual(await listIds(there));
  expect(await consumers()).toBe(2);
});

test("an unreadable record is listed as such and hides no other job, also after a restart of ingest", {
  timeout: 120_000,
}, async () => {
  const client = connectTenant("odd");
  const { ids } = await writeJobs("odd", 6);
  const [garbage, empty, foreign, noSpec] = ids as [string, string, string, string];
  const put = (key: string, bytes: Uint8Array) => bus.js.publish(`$KV.jobs.${key}`, bytes);
  await put(`record.${garbage}`, new Uint8Array([0xff, 0xff, 0xff]));
  // Decodes to an empty record.
  await put(`record.${empty}`, new Uint8Array());
  const { spec } = model;
  const steps = spec.steps.map((planned) => ({ ...planned, step: { ...planned.step, operation: undefined } }));
  await put(
    `spec.odd.${foreign}`,
    JobSpec.encode(JobSpec.fromPartial({ ...spec, jobId: foreign, tenant: "odd", steps })).finish(),
  );
  await put(`spec.odd.${noSpec}`, new Uint8Array([0xff]));
  await put("record.not-an-id", new Uint8Array([1, 2, 3]));
  await put(`record.${newId(Date.now())}`, new Uint8Array([0xff]));
  const shown = async () =>
    (await Array.fromAsync(client.jobs.list())).map(({ id, state, error }) => [id, state, error?.message ?? ""]);
  const unreadable = "What is stored of this job cannot be read by this release";
  const wanted = [
    [ids[5], JobState.SUCCEEDED, ""],
    [ids[4], JobState.SUCCEEDED, ""],
    [noSpec, JobState.SUCCEEDED, unreadable],
    [foreign, JobState.SUCCEEDED, unreadable],
    [empty, JobState.UNSPECIFIED, unreadable],
    [garbage, JobState.UNSPECIFIED, unreadable],
  ];
  await expect.poll(shown).toEqual(wanted);
  mesh.kill("ingest");
  await expect.poll(shown, { timeout: 60_000 }).toEqual(wanted);
});

import { randomBytes } from "node:crypto";
import type { Bus } from "@pixelmesh/bus";
import {
  type AppError,
  connectPixelmesh,
  isJobEnded,
  type Job,
  type JobFilter,
  JobState,
  type Pixelmesh,
  reasonFromEnum,
} from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot, step } from "@pixelmesh/testing/jobs";
import { connectTestBus, type Replica, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesOf, reasonOf } from "../support/filter-cases.ts";
import { copyJob, readStored } from "../support/stored-jobs.ts";

let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let replica: Replica;
const clients: Pixelmesh[] = [];
/** Clients of tenants `shop` and `other` at the first replica of ingest, and of `shop` at the second one. */
let [shop, other, there]: Pixelmesh[] = [];
let corrupt: Buffer;
let contrast = 1;
const maxOpenJobs = 20;
const env = {
  PIXELMESH_INGEST_MAX_OPEN_JOBS_PER_TENANT: String(maxOpenJobs),
  // So that the job with a deadline ends soon after it.
  PIXELMESH_INGEST_RECONCILE_AFTER: "2s",
};

const { RUNNING, SUCCEEDED, FAILED, CANCELLED } = JobState;
const prescale = (id: string) => step(id, { $case: "prescale", value: { maxSidePx: 100, maxPixels: 0 } });
/** A new effect with each call, so that no result is found in the cache. */
const effect = (id: string, ...from: string[]) => {
  contrast += 1e-4;
  return effectStep(id, "black_and_white", { contrast }, ...from);
};
const small = () => ({ steps: [prescale("small")] });
const grey = () => ({ steps: [effect("grey")] });
const smallGrey = () => ({ steps: [prescale("small"), effect("grey", "small")] });

type Options = Partial<Parameters<Pixelmesh["jobs"]["create"]>[0]>;
const create = (client: Pixelmesh, labels: readonly string[], pipeline: object, options: Options = {}) =>
  client.jobs.create({ pipeline, pictures: [{ bytes: robot }], labels, ...options });

async function run(...args: Parameters<typeof create>): Promise<Job> {
  const { id } = await create(...args);
  return args[0].jobs.wait(id);
}

/** Stops the only worker of effects, so that their steps stay in the queue. */
async function whileEffectsStop(act: () => Promise<void>): Promise<void> {
  const pid = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  await mesh.client.effects();
  process.kill(pid, "SIGSTOP");
  try {
    await act();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** A PNG whose header is right and whose pixels cannot be decoded. */
async function createCorrupt(): Promise<Buffer> {
  const raw = { width: 64, height: 64, channels: 3 } as const;
  const png = await sharp(randomBytes(64 * 64 * 3), { raw })
    .png()
    .toBuffer();
  return png.fill(0, 1_000, 4_000);
}

function connect(tenant: string, address: string): Pixelmesh {
  const client = connectPixelmesh({ address, tenant });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  mesh = await startTestMesh({
    services: ["scheduler", "storage", "ingest", "effects"],
    env,
  });
  bus = await connectTestBus(mesh.brokerUrl());
  replica = await startReplica(mesh, bus, "ingest", { env });
  [shop, other] = [connect("shop", mesh.address), connect("other", mesh.address)];
  there = connect("shop", replica.address);
  corrupt = await createCorrupt();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await replica?.[Symbol.asyncDispose]();
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

const listIds = async (client: Pixelmesh, filter: JobFilter, pageSize = 50) =>
  (await Array.fromAsync(client.jobs.list({ filter, pageSize }))).map(({ id }) => id);
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a refusal");
    },
    ({ reason, message }: AppError) => `${reason}: ${message}`,
  );

describe("filters of jobs", () => {
  /** The jobs of `shop` that stay RUNNING, by label. */
  let running: Job[];

  test("every criterion and their combinations list what the whole list has, at both replicas, for each tenant", {
    timeout: 180_000,
  }, async () => {
    if (!shop || !other || !there) throw new Error("No clients");
    await run(shop, ["summer", "web"], grey());
    await run(shop, ["summer"], small());
    await run(shop, ["web"], smallGrey());
    await run(shop, ["summer", "web"], small(), { pictures: [{ bytes: corrupt }] });
    await run(shop, [], smallGrey(), { pictures: [{ bytes: corrupt }] });
    await run(other, ["summer"], small());
    await whileEffectsStop(async () => {
      const [tenant, foreign, atReplica] = [shop, other, there] as [Pixelmesh, Pixelmesh, Pixelmesh];
      await run(tenant, ["summer"], grey(), { deadline: new Date(Date.now() + 3_000) });
      const cancelled = await create(tenant, ["web"], smallGrey());
      await tenant.jobs.cancel(cancelled.id);
      running = [];
      for (const labels of [["summer"], ["web", "night"], ["night"]])
        running.push(await create(tenant, labels, grey()));
      const others = await create(foreign, ["night"], grey());

      const all = await Array.fromAsync(tenant.jobs.list());
      expect(all.map(({ state }) => state).sort()).toEqual(
        [RUNNING, RUNNING, RUNNING, SUCCEEDED, SUCCEEDED, SUCCEEDED, FAILED, FAILED, FAILED, CANCELLED].sort(),
      );
      for (const [filter, isWanted] of casesOf(all)) {
        const wanted = all.filter(isWanted).map(({ id }) => id);
        const what = JSON.stringify(filter);
        const matchesNone = what.includes('"sum"') || what.includes('"upscale"');
        expect(wanted.length > 0, what).toBe(!matchesNone);
        expect(await listIds(tenant, filter), what).toEqual(wanted);
        expect(await listIds(tenant, filter, 1), what).toEqual(wanted);
        // The other replica reads the records some milliseconds later.
        await expect.poll(() => listIds(atReplica, filter, 2), { message: what }).toEqual(wanted);
      }
      expect(await listIds(foreign, { labels: ["night"] })).toEqual([others.id]);

      const night = { labels: ["night"] };
      expect(await atReplica.jobs.cancelMany(night, { dryRun: true })).toEqual({ matched: 2, cancelled: 0 });
      expect(await listIds(tenant, { ...night, states: [RUNNING] })).toHaveLength(2);
      expect(await atReplica.jobs.cancelMany(night)).toEqual({ matched: 2, cancelled: 2 });
      expect(await atReplica.jobs.cancelMany(night)).toEqual({ matched: 0, cancelled: 0 });
      expect(await atReplica.jobs.cancelMany({ ...night, states: [SUCCEEDED] })).toEqual({ matched: 0, cancelled: 0 });
      expect((await foreign.jobs.get(others.id)).state).toBe(RUNNING);
      expect((await tenant.jobs.get(running[0]?.id ?? "")).state).toBe(RUNNING);
    });
    const states = await Promise.all(running.map(async ({ id }) => (await shop?.jobs.wait(id))?.state));
    expect(states).toEqual([SUCCEEDED, CANCELLED, CANCELLED]);
  });

  test("RetryJobs retries each failed or cancelled job of the tenant once, whichever replicas are asked at once", {
    timeout: 120_000,
  }, async () => {
    const [here, second] = [shop, there] as [Pixelmesh, Pixelmesh];
    const filter: JobFilter = { labels: ["night"] };
    await expect.poll(() => second.jobs.retryMany(filter, { dryRun: true })).toMatchObject({ matched: 2, jobIds: [] });
    expect(await other?.jobs.retryMany({ ...filter, states: [CANCELLED] }, { dryRun: true })).toMatchObject({
      matched: 0,
    });
    const answers = await Promise.all([here.jobs.retryMany(filter), second.jobs.retryMany(filter)]);
    const created = [...new Set(answers.flatMap(({ jobIds }) => jobIds))];
    expect(created).toHaveLength(2);
    const retried = await Promise.all(created.map((id) => here.jobs.wait(id)));
    expect(retried.map(({ state, labels }) => [state, labels.includes("night")])).toEqual([
      [SUCCEEDED, true],
      [SUCCEEDED, true],
    ]);
    for (const client of [here, second])
      expect(await client.jobs.retryMany(filter)).toMatchObject({ matched: 0, jobIds: [], stopped: undefined });
    // Two cancelled jobs and their retries.
    await expect.poll(() => listIds(here, filter)).toHaveLength(4);
  });

  test("a retry runs the work anew instead of taking the stored failure", { timeout: 60_000 }, async () => {
    const here = shop as Pixelmesh;
    const filter: JobFilter = { reasons: ["IMAGE_CORRUPT"], labels: ["web"] };
    const { jobIds, matched } = await here.jobs.retryMany(filter);
    expect([matched, jobIds.length]).toEqual([1, 1]);
    const again = await here.jobs.wait(jobIds[0] ?? "");
    expect([reasonOf(again), again.requestId.startsWith("retry:")]).toEqual(["IMAGE_CORRUPT", true]);
    // A failure that was taken from the cache names no worker.
    const { worker } = (await readStored(bus, again)).record.steps[0] ?? {};
    expect(worker).toMatch(/^ingest/);
    // The retry failed itself, so it can be retried in its turn.
    await expect.poll(() => here.jobs.retryMany(filter, { dryRun: true })).toMatchObject({ matched: 1 });
  });

  test("RetryJobs leaves out jobs of batches, and counts those whose pictures are gone", {
    timeout: 60_000,
  }, async () => {
    const here = shop as Pixelmesh;
    const [failed] = await Array.fromAsync(here.jobs.list({ filter: { reasons: ["DEADLINE_EXCEEDED"] } }));
    if (!failed || !isJobEnded(failed)) throw new Error("No failed job");
    const ofBatch = await copyJob(bus, failed, ["copied", "batch:b1"], failed.sources[0]?.sha256 ?? "");
    const withoutPicture = await copyJob(bus, failed, ["copied"], "0".repeat(64));
    await expect.poll(() => listIds(here, { labels: ["copied"] })).toEqual([withoutPicture, ofBatch].sort().reverse());
    expect(await listIds(here, { labels: ["batch:b1"] })).toEqual([ofBatch]);
    const answer = { matched: 1, jobIds: [], withoutPictures: 1, stopped: undefined };
    expect(await here.jobs.retryMany({ labels: ["copied"] })).toEqual(answer);
  });

  test("RetryJobs ends when the mesh is full, says so, and goes on with the others when it is repeated", {
    timeout: 120_000,
  }, async () => {
    const here = shop as Pixelmesh;
    const [cancelled] = await Array.fromAsync(here.jobs.list({ filter: { labels: ["night"], states: [CANCELLED] } }));
    if (!cancelled) throw new Error("No cancelled job");
    const many = { labels: ["many"] };
    const copies = 3 * maxOpenJobs;
    for (let at = 0; at < copies; at++) await copyJob(bus, cancelled, ["many"], cancelled.sources[0]?.sha256 ?? "");
    await expect.poll(() => here.jobs.retryMany(many, { dryRun: true })).toMatchObject({ matched: copies });
    const created = new Set<string>();
    const goOn = async () => {
      const { jobIds } = await here.jobs.retryMany(many).catch(() => ({ jobIds: [] }));
      for (const id of jobIds) created.add(id);
      return created.size;
    };
    await whileEffectsStop(async () => {
      const first = await here.jobs.retryMany(many);
      expect(first).toMatchObject({ matched: copies, withoutPictures: 0 });
      expect(reasonFromEnum(first.stopped?.reason ?? 0)).toBe("TOO_MANY_JOBS");
      for (const id of first.jobIds) created.add(id);
      // Jobs that have just ended, or just begun, may count as open for half a second.
      await expect.poll(goOn).toBe(maxOpenJobs);
      expect(await refusal(here.jobs.retryMany(many))).toMatch(/^TOO_MANY_JOBS/);
      expect(await here.jobs.retryMany(many, { dryRun: true })).toMatchObject({ matched: copies - maxOpenJobs });
    });
    // Ended jobs make place for the next ones.
    await expect.poll(goOn, { timeout: 60_000 }).toBe(copies);
    for (const id of created) expect((await here.jobs.wait(id)).state).toBe(SUCCEEDED);
    expect(await here.jobs.retryMany(many)).toMatchObject({ matched: 0, jobIds: [] });
    await expect.poll(() => listIds(here, { ...many, states: [SUCCEEDED] })).toHaveLength(copies);
  });
});

test("wrong filters and labels are refused with what they should be", { timeout: 60_000 }, async () => {
  const client = shop as Pixelmesh;
  const list = (filter: JobFilter) => refusal(Array.fromAsync(client.jobs.list({ filter })));
  expect(await list({ operations: ["upscal"] })).toMatch(
    /^INVALID_ARGUMENT: Expected `filter\.operations` to be one of prescale, upscale, .*, got `upscal`/,
  );
  expect(await list({ labels: ["a b"] })).toMatch(
    /^INVALID_ARGUMENT: Expected `filter\.labels` to be labels of 1 to 63/,
  );
  expect(await list({ states: [JobState.UNSPECIFIED] })).toMatch(/^INVALID_ARGUMENT: Expected `filter\.states`/);
  expect(await list({ jobIds: ["j"] })).toMatch(/^INVALID_ARGUMENT: Expected `filter\.job_ids`/);
  const now = new Date();
  expect(await list({ createdAfter: now, createdBefore: now })).toMatch(
    /^INVALID_ARGUMENT: Expected `filter\.created_after_unix_ms` to be before created_before_unix_ms/,
  );
  const noCriterion = /^INVALID_ARGUMENT: Expected `filter` to be a filter with at least one criterion/;
  expect(await refusal(client.jobs.cancelMany({}))).toMatch(noCriterion);
  expect(await refusal(client.jobs.retryMany({ labels: [] }, { dryRun: true }))).toMatch(noCriterion);
  const make = (labels: readonly string[]) => refusal(create(client, labels, small()));
  expect(await make(["batch:mine"])).toMatch(/^INVALID_ARGUMENT: Expected `labels` .*, got `batch:mine`/);
  expect(await make(["ü"])).toMatch(/^INVALID_ARGUMENT: Expected `labels` to be labels of 1 to 63.*, got `ü`/);
  expect(await make(Array.from({ length: 9 }, (_, at) => `l${at}`))).toMatch(/to be at most 8 labels, got `9 labels`/);
  // Labels are no part of the request that a request id names.
  const requestId = "once";
  const [first, repeated] = [
    await create(client, ["x"], small(), { requestId }),
    await create(client, ["y"], small(), { requestId }),
  ];
  expect([repeated.id, repeated.labels]).toEqual([first.id, ["x"]]);
  const longest = "a".repeat(60);
  const job = await create(client, [`${longest}-_/`, "x", "x"], small());
  expect(job.labels).toEqual([`${longest}-_/`, "x"]);
});

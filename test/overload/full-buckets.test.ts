import { type Bus, publishEvent } from "@pixelmesh/bus";
import { type AppError, connectPixelmesh, isJobEnded, type Job, JobState, type Pixelmesh } from "@pixelmesh/client";
import { JobEvent } from "@pixelmesh/proto";
import type { RoleName } from "@pixelmesh/roles";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, step } from "@pixelmesh/testing/jobs";
import { connectTestBus, keysLeft, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";

const KiB = 1024;
// About 50 jobs of one step fit into the bucket `jobs`, 160 entries into `results`.
const small = {
  PIXELMESH_NATS_JOBS_MAX: "64KiB",
  PIXELMESH_NATS_RESULTS_MAX: "64KiB",
  PIXELMESH_NATS_EVENTS_MAX: "128KiB",
  PIXELMESH_NATS_ACK_WAIT: "2s",
  PIXELMESH_INGEST_RECONCILE_AFTER: "2s",
};

const tiny = await sharp({ create: { width: 16, height: 16, channels: 3, background: "teal" } })
  .png()
  .toBuffer();
let contrast = 1;

/** A cheap job that differs from all earlier ones. */
function createTiny({ jobs }: Pixelmesh, labels: readonly string[] = []): Promise<Job> {
  contrast += 1e-4;
  const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast })] };
  return jobs.create({ pipeline, pictures: [{ bytes: tiny }], labels: [...labels] });
}

/** The most and longest labels: they make a stored job nearly twice as large, so that fewer jobs fit. */
const longLabels = Array.from({ length: 8 }, (_, at) => `${at}`.repeat(63));

async function endOf({ jobs }: Pixelmesh, job: Job): Promise<Job> {
  return isJobEnded(job) ? job : jobs.wait(job.id);
}

/** Resolves with the end of a job. Undefined where its record was evicted before a slow machine read it; the counters then show the outcome. */
async function endOrGone(client: Pixelmesh, job: Job): Promise<Job | undefined> {
  return endOf(client, job).catch((error: AppError) => {
    if (error.reason !== "JOB_NOT_FOUND") throw error;
    return undefined;
  });
}

async function openMesh(
  env: Readonly<Record<string, string>>,
  moreServices: readonly RoleName[] = [],
): Promise<{ mesh: TestMesh; bus: Bus; client: Pixelmesh }> {
  const mesh = await startTestMesh({ env, services: ["scheduler", "storage", "ingest", "effects", ...moreServices] });
  const bus = await connectTestBus(mesh.brokerUrl());
  // A client without retries, so that refusals are seen.
  const client = connectPixelmesh({ address: mesh.address, retryTimeoutMs: 1 });
  onTestFinished(async () => {
    client.close();
    await bus[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
  });
  return { mesh, bus, client };
}

async function inParallel(count: number, inFlight: number, act: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await act(next++);
    }),
  );
}

/** Waits until every listed job can be read, when the replica has dropped the removed ones. */
async function expectReadable({ jobs }: Pixelmesh): Promise<void> {
  const isReadable = ({ id }: Job) =>
    jobs.get(id).then(
      () => true,
      () => false,
    );
  const readAll = async () => {
    const listed = await Array.fromAsync(jobs.list());
    return (await Promise.all(listed.map(isReadable))).every(Boolean);
  };
  await expect.poll(readAll).toBe(true);
}

/** Sum of a metric over its series, of one service. */
async function readMetric(mesh: TestMesh, service: string, name: string): Promise<number> {
  const page = await (await fetch(mesh.processes().find((it) => it.name === service)?.metrics as string)).text();
  const lines = page.split("\n").filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Stores foreign entries of some 450 bytes until fewer than `spareBytes` are free, or one is refused. Resolves with their number. */
async function fill(bus: Bus, bucket: string, prefix: string, spareBytes = 0): Promise<number> {
  const value = new Uint8Array(400);
  const info = async () => bus.jsm.streams.info(`KV_${bucket}`);
  const { max_bytes: maxBytes } = (await info()).config;
  for (let stored = 0; ; stored++) {
    if (spareBytes > 0 && (await info()).state.bytes > maxBytes - spareBytes) return stored;
    try {
      await bus.js.publish(`$KV.${bucket}.${prefix}${stored}`, value);
    } catch {
      return stored;
    }
  }
}

test("a mesh runs a hundred times as many jobs as its buckets hold, and running jobs keep their records", {
  timeout: 600_000,
}, async () => {
  const { mesh, bus, client } = await openMesh(small, ["upscale"]);
  // Jobs that run all the time: their worker is stopped until the others have ended. One job before, because a plan needs the worker's models.
  const twice = { steps: [step("up", { $case: "upscale", value: { scale: 2, model: "" } })] };
  const createTwice = () => client.jobs.create({ pipeline: twice, pictures: [{ bytes: tiny }], noCache: true });
  await expect
    .poll(async () => (await endOf(client, await createTwice())).state, { timeout: 60_000 })
    .toBe(JobState.SUCCEEDED);
  const bytesStored = async () => (await bus.jsm.streams.info("KV_jobs")).state.bytes;
  const bytesBefore = await bytesStored();
  expect((await endOf(client, await createTiny(client, longLabels))).state).toBe(JobState.SUCCEEDED);
  const jobs = Math.ceil((100 * 64 * KiB) / ((await bytesStored()) - bytesBefore));
  const upscale = mesh.processes().find(({ name }) => name === "upscale")?.pid as number;
  process.kill(upscale, "SIGSTOP");
  onTestFinished(() => void process.kill(upscale, "SIGCONT"));
  const running = await Promise.all([createTwice(), createTwice(), createTwice()]);
  let largest = 0;
  await inParallel(jobs, 8, async (at) => {
    const ended = await endOrGone(client, await createTiny(client, longLabels));
    expect(ended?.state ?? JobState.SUCCEEDED).toBe(JobState.SUCCEEDED);
    if (at % 50 === 0) largest = Math.max(largest, await bytesStored());
  });
  process.kill(upscale, "SIGCONT");
  const ends = await Promise.all(running.map((job) => endOf(client, job)));
  expect(ends.map(({ state }) => state)).toEqual(running.map(() => JobState.SUCCEEDED));
  // Every accepted job has succeeded, also those whose records were evicted before they were read.
  const all = 2 + jobs + running.length;
  await expect.poll(async () => (await client.stats()).jobs).toMatchObject({ total: all, succeeded: all, failed: 0 });
  expect(largest).toBeLessThanOrEqual(96 * KiB);
  expect(await readMetric(mesh, "ingest", "pixelmesh_bucket_evictions_total")).toBeGreaterThan(jobs);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  // Every listed job can be read, and the evicted ones are gone.
  const listed = await Array.fromAsync(client.jobs.list());
  // Some 28 fit.
  expect(listed.length).toBeGreaterThan(5);
  expect(listed.length).toBeLessThan(150);
  await expectReadable(client);
});

test("when unfinished jobs fill the store, new jobs are refused and the unfinished ones end, also when other entries fill the rest", {
  timeout: 300_000,
}, async () => {
  const { mesh, bus, client } = await openMesh(small);
  await endOf(client, await createTiny(client));
  const effects = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  process.kill(effects, "SIGSTOP");
  onTestFinished(() => void process.kill(effects, "SIGCONT"));
  const accepted: Job[] = [];
  const refusal = await (async () => {
    for (;;) {
      try {
        accepted.push(await createTiny(client));
      } catch (error) {
        return error;
      }
    }
  })();
  expect(refusal).toMatchObject({ reason: "QUEUE_FULL", message: expect.stringContaining("unfinished jobs") });
  expect((refusal as { retryAfterMs?: number }).retryAfterMs).toBeGreaterThan(0);
  expect(accepted.length).toBeGreaterThan(20);
  // Not to the brim: an old broker removes the oldest entry for one that ends up to 120 bytes above the bound (docs/adr/0077).
  expect(await fill(bus, "jobs", "record.junk", 1_000)).toBeGreaterThan(0);
  await expect(createTiny(client)).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  process.kill(effects, "SIGCONT");
  for (const job of accepted)
    expect((await endOrGone(client, job))?.state ?? JobState.SUCCEEDED).toBe(JobState.SUCCEEDED);
  // Jobs that ended first may have been evicted for the others.
  const all = accepted.length + 1;
  await expect.poll(async () => (await client.stats()).jobs).toMatchObject({ total: all, succeeded: all, failed: 0 });
  await expect.poll(async () => (await endOf(client, await createTiny(client))).state).toBe(JobState.SUCCEEDED);
});

test("a full result cache costs entries, never a job", { timeout: 180_000 }, async () => {
  const { mesh, bus, client } = await openMesh(small);
  let isOver = false;
  const filling = (async () => {
    for (let round = 0; !isOver; round++) {
      await fill(bus, "results", `junk${round}-`);
      // The test goes on where each publish fails at once, as after the end of the mesh.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const running = Promise.all(
    Array.from({ length: 20 }, async () => {
      contrast += 1e-4;
      // Three equal jobs: two may wait for the third.
      const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast })] };
      const equals = Array.from({ length: 3 }, () =>
        client.jobs.create({ pipeline, pictures: [{ bytes: tiny }] }).then((job) => endOrGone(client, job)),
      );
      return Promise.all(equals);
    }),
  );
  const ended = await running.finally(() => {
    isOver = true;
  });
  await filling;
  expect(ended.flat().map((job) => job?.state ?? JobState.SUCCEEDED)).toEqual(Array(60).fill(JobState.SUCCEEDED));
  await expect.poll(async () => (await client.stats()).jobs).toMatchObject({ total: 60, succeeded: 60, failed: 0 });
  const unkept = await Promise.all(
    ["ingest", "effects"].map((name) => readMetric(mesh, name, "pixelmesh_results_not_kept_total")),
  );
  expect(unkept.reduce((sum, value) => sum + value)).toBeGreaterThan(0);
});

test("a replica that does not evict lists exactly the remaining jobs", { timeout: 180_000 }, async () => {
  const { mesh, bus, client } = await openMesh(small);
  await using replica = await startReplica(mesh, bus, "ingest", { env: small });
  const other = connectPixelmesh({ address: replica.address, retryTimeoutMs: 1 });
  onTestFinished(other.close);
  const idsOf = async ({ jobs }: Pixelmesh) => (await Array.fromAsync(jobs.list())).map(({ id }) => id);
  for (let round = 0; round < 3; round++) {
    await inParallel(100, 8, async (at) => {
      const of = at % 2 === 0 ? client : other;
      const ended = await endOrGone(of, await createTiny(of));
      expect(ended?.state ?? JobState.SUCCEEDED).toBe(JobState.SUCCEEDED);
    });
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
    await expect
      .poll(async () => (await client.stats()).jobs)
      .toMatchObject({ succeeded: 100 * (round + 1), failed: 0 });
    await expect.poll(async () => (await idsOf(client)).length).toBeLessThan(80);
    // Each replica drops jobs that the other one removed within seconds.
    await expect.poll(async () => (await idsOf(client)).join() === (await idsOf(other)).join()).toBe(true);
    await expectReadable(other);
  }
});

test("jobs end even when their events left the log before ingest read them", {
  timeout: 180_000,
}, async () => {
  const { mesh, bus, client } = await openMesh(small);
  const [ingest, effects] = ["ingest", "effects"].map(
    (wanted) => mesh.processes().find(({ name }) => name === wanted)?.pid,
  );
  await endOf(client, await createTiny(client));
  process.kill(effects as number, "SIGSTOP");
  onTestFinished(() => void process.kill(effects as number, "SIGCONT"));
  const jobs = await Promise.all(Array.from({ length: 5 }, () => createTiny(client)));
  // No replica takes the events directly, so they go to the log.
  process.kill(ingest as number, "SIGSTOP");
  const last = async () => (await bus.jsm.streams.info("JOB_EVENTS")).state.last_seq;
  const before = await last();
  process.kill(effects as number, "SIGCONT");
  await expect
    .poll(async () => (await bus.jsm.streams.info("WORK_EFFECTS")).state.messages, { timeout: 60_000 })
    .toBe(0);
  expect(await last()).toBeGreaterThanOrEqual(before + 5);
  const told = await last();
  for (let at = 0; at < 100; at++) {
    const event = { $case: "started", value: {} } as const;
    await publishEvent(bus, JobEvent.fromPartial({ jobId: `unknown${at}`, worker: "x".repeat(2_000), event }));
  }
  expect((await bus.jsm.streams.info("JOB_EVENTS")).state.first_seq).toBeGreaterThan(told);
  mesh.kill("ingest", "SIGKILL");
  for (const { id } of jobs) {
    await expect
      .poll(async () => (await client.jobs.get(id).catch(() => undefined))?.state, { timeout: 60_000 })
      .toBe(JobState.SUCCEEDED);
  }
});

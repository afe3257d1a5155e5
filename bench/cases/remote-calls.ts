import { setTimeout as sleep } from "node:timers/promises";
import { type Job, JobState } from "@pixelmesh/client";
import { robot } from "@pixelmesh/testing/jobs";
import { type RemoteMesh, remotePipeline, startRemoteMesh } from "../../services/remote/test/start-remote-mesh.ts";
import { report } from "../harness/report.ts";
import { percentile } from "../harness/stats.ts";

type Model = Parameters<typeof remotePipeline>[0];

/** Calls at once of each class, and how many of the 200 jobs are of it: so many that all classes are busy for about the same time. */
const classes = [
  { name: "light", model: "quick-1", limit: 8, count: 114 },
  { name: "heavy", model: "slow-1", limit: 4, count: 57 },
  { name: "exclusive", model: "own-1", limit: 2, count: 29 },
] as const;
const workMs = 2_000;
const lightMs = 400;
const sampleEveryMs = 20;
const lightCalls = 40;
const floodCalls = 120;
const warmUps = 10;

/**
 * Measures hosted models against a provider in a process of its own that answers at once, after a fixed time of work: calls at once under 200 jobs, as the
 * provider counts them; the part of its limits that is used meanwhile; what a call takes beyond the provider's own time; light calls beside a flood of heavy ones.
 */
export async function remoteCallsCase(): Promise<boolean> {
  await using remote = await startRemoteMesh({ kind: "sync", env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const { control } = remote.provider;
  await control.behave("*", { workMs: lightMs });
  for (let n = 0; n < warmUps; n += 1) await run(remote, "quick-1");
  const alone = await runInTurn(remote, lightCalls);
  const besides = await runBesideFlood(remote);
  await control.reset();
  await control.behave("*", { workMs });
  const used = await measureUse(remote);
  const { byClass } = await control.stats();
  const overhead = alone.map(({ runMs }) => runMs - lightMs);
  const p95 = (jobs: readonly Timed[]) =>
    percentile(
      jobs.map(({ totalMs }) => totalMs),
      95,
    );
  return report("remote-calls", [
    ...classes.map(({ name, limit }) => ({
      name: `${name} calls beyond or below the limit of ${limit}`,
      value: Math.abs((byClass[name]?.mostOpen ?? 0) - limit),
      unit: "calls",
      bound: 0,
      details: byClass[name],
    })),
    ...classes.map(({ name }) => ({
      name: `unused part of the limit, ${name}`,
      value: Number((1 - (used.get(name) ?? 0)).toFixed(4)),
      unit: "of the calls at once",
      bound: 0.03,
      details: { workMs },
    })),
    {
      name: "step beyond the provider's own time, p50",
      value: Math.round(percentile(overhead, 50)),
      unit: "ms",
      bound: 15,
      details: { p95: Math.round(percentile(overhead, 95)), lightMs },
    },
    {
      name: "light jobs beside a flood of heavy ones, p95 as a multiple of that alone",
      value: Number((p95(besides) / p95(alone)).toFixed(3)),
      unit: "times",
      bound: 1.1,
      details: { aloneMs: Math.round(p95(alone)), besidesMs: Math.round(p95(besides)) },
    },
  ]);
}

type Timed = { readonly totalMs: number; readonly runMs: number };

async function run({ mesh }: RemoteMesh, model: Model): Promise<Job> {
  const { jobs } = mesh.client;
  const { id } = await jobs.create({ pipeline: remotePipeline(model), pictures: [{ bytes: robot }] });
  const job = await jobs.wait(id, { signal: AbortSignal.timeout(300_000) });
  if (job.state !== JobState.SUCCEEDED) throw new Error(`Expected job ${id} to succeed, got ${job.error?.message}`);
  return job;
}

async function runInTurn(remote: RemoteMesh, count: number): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (let n = 0; n < count; n += 1) {
    const startMs = performance.now();
    const job = await run(remote, "quick-1");
    timed.push({ totalMs: performance.now() - startMs, runMs: job.steps[0]?.runMs ?? 0 });
  }
  return timed;
}

/** Heavy jobs wait all the time, more than the process holds of one kind. */
async function runBesideFlood(remote: RemoteMesh): Promise<Timed[]> {
  const { jobs } = remote.mesh.client;
  await remote.provider.control.behave("slow-1", { workMs: 5_000 });
  const flood = await Promise.all(
    Array.from({ length: floodCalls }, () =>
      jobs.create({ pipeline: remotePipeline("slow-1"), pictures: [{ bytes: robot }] }),
    ),
  );
  const timed = await runInTurn(remote, lightCalls);
  await Promise.all(flood.map(({ id }) => jobs.cancel(id)));
  await until(async () => (await remote.provider.control.stats()).total.open === 0);
  return timed;
}

/** Runs 200 jobs at once. Returns the part of each class's limit that was used while steps of the class waited, as the provider counts its open calls. */
async function measureUse(remote: RemoteMesh): Promise<ReadonlyMap<string, number>> {
  const { control } = remote.provider;
  const all = classes.flatMap(({ model, count }) => Array.from({ length: count }, () => model));
  const mixed = all.map((model, at) => ({ model, rank: (at * 7_919) % all.length })).sort((a, b) => a.rank - b.rank);
  const running = Promise.all(mixed.map(({ model }) => run(remote, model)));
  const samples = new Map(classes.map(({ name }) => [name as string, [] as number[]]));
  let isRunning = true;
  running
    .catch(() => {})
    .finally(() => {
      isRunning = false;
    });
  while (isRunning) {
    const { byClass } = await control.stats();
    for (const { name, limit, count } of classes) {
      const { created = 0, open = 0 } = byClass[name] ?? {};
      // From the first time that all are in use, to the last call that another one follows.
      if (created >= limit && created < count) samples.get(name)?.push(open / limit);
    }
    await sleep(sampleEveryMs);
  }
  await running;
  return new Map(
    [...samples].map(([name, parts]) => [name, parts.reduce((sum, part) => sum + part, 0) / parts.length]),
  );
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await isDone())) {
    if (performance.now() > endMs) throw new Error("Expected the provider to have no open calls within a minute");
    await sleep(sampleEveryMs);
  }
}

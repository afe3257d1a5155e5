import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus } from "@pixelmesh/bus";
import { connectPixelmesh } from "@pixelmesh/client";
import { startMesh } from "@pixelmesh/local-mesh";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { readWrites } from "../harness/durable-writes.ts";
import { maxLagMs, readLoopLags, worstOf } from "../harness/event-loop-lag.ts";
import { startIdleProcess } from "../harness/idle-process.ts";
import { readCpuMs } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

const rounds = 5;
const jobs = 200;
const inFlight = 16;
const cachedJobs = 100;

/** Measures the mesh's own cost of a job, with jobs that take hardly any work. */
export async function jobsTinyCase(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const picture = await makeTinyPicture();
  const mesh = await startMesh({ dataDir: join(dir, "mesh"), ports: "free", env: process.env });
  const client = connectPixelmesh({ address: mesh.address });
  const log = createLogger({ service: "bench", level: "silent" });
  const options = { natsUrl: mesh.broker().url, natsReplicas: 1, ackWaitMs: 30_000, name: "bench", log };
  const bus = await connectBus({ ...options, metrics: createMetrics("bench", "0") });
  const idle = startIdleProcess();
  try {
    let contrast = 1;
    const fresh = () => {
      contrast += 1e-4;
      return runTinyJob(client, picture, contrast);
    };
    await inParallel(jobs, inFlight, fresh);
    const perJobMs: number[] = [];
    const cachedMs: number[] = [];
    const pids = new Map([
      ["broker", mesh.broker().pid],
      ...mesh.processes().map(({ name, pid }) => [name, pid] as const),
    ]);
    const cpuBefore = new Map([...pids].map(([name, pid]) => [name, readCpuMs(pid)]));
    const writesBefore = await countWrites(bus);
    const writesByService = await readWrites(mesh.processes());
    await readLoopLags(mesh.processes());
    await idle.readLag();
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      await inParallel(jobs, inFlight, fresh);
      perJobMs.push((performance.now() - startMs) / jobs);
    }
    const writes = (await countWrites(bus)) - writesBefore;
    const total = rounds * jobs;
    const lagMs = { ...(await readLoopLags(mesh.processes())), idleProcess: await idle.readLag() };
    const { idleProcess: _, ...serviceLagMs } = lagMs;
    const writesPerService = Object.fromEntries(
      Object.entries(await readWrites(mesh.processes())).map(([name, count]) => [
        name,
        Number(((count - (writesByService[name] ?? 0)) / total).toFixed(2)),
      ]),
    );
    const cpuMsPerJob = Object.fromEntries(
      [...pids].map(([name, pid]) => [
        name,
        Number(((readCpuMs(pid) - (cpuBefore.get(name) ?? 0)) / total).toFixed(2)),
      ]),
    );
    for (let at = 0; at < cachedJobs; at++) {
      const startMs = performance.now();
      await runTinyJob(client, picture, contrast);
      cachedMs.push(performance.now() - startMs);
    }
    const load = loadavg()[0];
    const perJob = spread(perJobMs, 2);
    const cached = spread(cachedMs, 1);
    // Plus one: the removal from the bucket `open`, which stores no message.
    const writesPerJob = Number((writes / total + 1).toFixed(2));
    return report("jobs-tiny", [
      {
        name: `time per job, ${jobs} jobs of 64x64, ${inFlight} in flight`,
        value: perJob.median,
        unit: "ms",
        bound: 10,
        details: { rounds, perJob, jobsPerSecond: Number((1_000 / perJob.median).toFixed(1)), cpuMsPerJob, load },
      },
      { name: "a cached job, p50", value: cached.median, unit: "ms", bound: 15, details: { cachedJobs, cached, load } },
      {
        name: "durable writes of a one-step job",
        value: writesPerJob,
        unit: "writes",
        bound: 8,
        details: { total, writesPerService },
      },
      {
        name: "worst event-loop lag of any service meanwhile",
        value: worstOf(serviceLagMs),
        unit: "ms",
        bound: maxLagMs,
        details: { lagMs, load },
      },
    ]);
  } finally {
    idle.close();
    await bus.close();
    client.close();
    await mesh.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Returns the number of messages stored so far in streams and buckets of jobs. Announcements and leases are not counted. */
async function countWrites(bus: Bus): Promise<number> {
  let sum = 0;
  for await (const { config, state } of bus.jsm.streams.list())
    if (!["KV_services", "KV_leases"].includes(config.name)) sum += state.last_seq;
  return sum;
}

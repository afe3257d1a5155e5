import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, readJobEvents } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { connectTestBus, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const workerRounds = 3;
// With more rounds the supervisor's growing backoff would be measured.
const brokerRounds = 3;
const ackWaitMs = 30_000;
const pollEveryMs = 20;
const tryTimeoutMs = 1_000;

/** Measures the time until the work of a killed worker runs on another, and until jobs are accepted after the broker was killed. */
export async function recoveryCase(): Promise<boolean> {
  await using mesh = await startTestMesh({ env: { PIXELMESH_NATS_ACK_WAIT: `${ackWaitMs}ms` } });
  await using bus = await connectTestBus(mesh.brokerUrl());
  const noise = { type: "gaussian" as const, mean: 128, sigma: 60 };
  const picture = await sharp({ create: { width: 1_600, height: 1_200, channels: 3, background: "#888", noise } })
    .jpeg()
    .toBuffer();
  const workerMs: number[] = [];
  for (let round = 0; round < workerRounds; round++) workerMs.push(await killWorker(mesh, bus, picture));
  const brokerMs: number[] = [];
  for (let round = 0; round < brokerRounds; round++) brokerMs.push(await killBroker(mesh));
  const worker = spread(workerMs);
  const broker = spread(brokerMs);
  const load = loadavg()[0];
  return report("recovery", [
    {
      name: "a worker killed within a step, until the step runs elsewhere: the longest",
      value: worker.max,
      unit: "ms",
      bound: ackWaitMs + 5_000,
      details: { rounds: workerRounds, ackWaitMs, worker, load },
    },
    {
      name: "the broker killed, until a job is accepted again: the longest",
      value: broker.max,
      unit: "ms",
      bound: 5_000,
      details: { rounds: brokerRounds, broker, load },
    },
  ]);
}

function slowJob(contrast: number) {
  const bw = {
    name: "black_and_white",
    parameters: { contrast: { kind: { $case: "number" as const, value: contrast } } },
  };
  const effects = [bw, ...Array.from({ length: 12 }, () => ({ name: "pop_art", parameters: {} }))];
  return { steps: [{ id: "fx", operation: { $case: "applyEffects" as const, value: { effects } } }] };
}

/** Kills the worker that runs a step. Returns the milliseconds until the other worker's event `started`. */
async function killWorker(mesh: TestMesh, bus: Bus, picture: Uint8Array): Promise<number> {
  await using replica = await startReplica(mesh, bus, "effects", {
    env: { PIXELMESH_NATS_ACK_WAIT: `${ackWaitMs}ms` },
  });
  const pipeline = slowJob(1 + Math.random());
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: picture }], noCache: true });
  const starters = async () =>
    (await readJobEvents(bus, id, 0, 100)).flatMap(({ event, worker }) => (event?.$case === "started" ? [worker] : []));
  let [first] = await starters();
  for (; first === undefined; [first] = await starters()) await sleep(pollEveryMs);
  await sleep(500);
  const killedMs = performance.now();
  if (first === "effects-0") mesh.kill("effects");
  else replica.kill("SIGKILL");
  while ((await starters()).length < 2) await sleep(pollEveryMs);
  const ms = performance.now() - killedMs;
  const job = await mesh.client.jobs.wait(id);
  if (job.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${job.error?.message}`);
  return ms;
}

/** Kills the broker, which is restarted at once. Returns the milliseconds until a job is accepted, which must succeed. */
async function killBroker(mesh: TestMesh): Promise<number> {
  const client = connectPixelmesh({ address: mesh.address, retryTimeoutMs: 0 });
  const raw = { width: 64, height: 64, channels: 3 as const };
  const bytes = await sharp(Buffer.alloc(64 * 64 * 3, 90), { raw })
    .png()
    .toBuffer();
  const operation = { $case: "prescale" as const, value: { maxSidePx: 32, maxPixels: 0 } };
  const job = { pipeline: { steps: [{ id: "small", operation }] }, pictures: [{ bytes }], noCache: true };
  try {
    await client.jobs.create(job);
    mesh.kill("broker");
    const killedMs = performance.now();
    for (;;) {
      const created = await client.jobs.create({ ...job, timeoutMs: tryTimeoutMs }).catch(() => undefined);
      const ms = performance.now() - killedMs;
      if (created === undefined) {
        await sleep(pollEveryMs);
        continue;
      }
      const ended = await mesh.client.jobs.wait(created.id);
      if (ended.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${ended.error?.message}`);
      return ms;
    }
  } finally {
    client.close();
  }
}

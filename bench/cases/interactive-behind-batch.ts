import { type Bus, connectBus } from "@pixelmesh/bus";
import { Priority } from "@pixelmesh/client";
import { encodeFrame } from "@pixelmesh/imaging";
import { Encoding, JobEvent } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { drawTestFrame, startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const waitingJobs = 1_000;
const interactiveJobs = 20;
const inFlight = 32;
const extraMs = 20;
const sidePx = 768;

/** Times at which workers reported the start and end of steps, by job, in Unix milliseconds. */
type Times = { readonly started: Map<string, number>; readonly completed: Map<string, number> };

/**
 * Measures how soon an interactive job starts behind 1,000 batch jobs that wait for the same worker: from the call that creates it,
 * upload included, to the worker's event `started`. The limit is the time of a running step plus 20 ms.
 */
export async function interactiveBehindBatchCase(): Promise<boolean> {
  const { bytes } = await encodeFrame(drawTestFrame(sidePx, sidePx), Encoding.create());
  await using mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const log = createLogger({ service: "bench", level: "silent" });
  const options = { natsUrl: mesh.brokerUrl(), natsReplicas: 1, ackWaitMs: 30_000, name: "bench", log };
  const bus = await connectBus({ ...options, metrics: createMetrics("bench", "0") });
  try {
    const times = listen(bus);
    let created = 0;
    const create = (priority: Priority) => createJob(mesh, bytes, priority, ++created);
    while ((await countWaiting(mesh)) < waitingJobs)
      await Promise.all(Array.from({ length: inFlight }, () => create(Priority.BATCH)));

    const delaysMs: number[] = [];
    let minWaiting = Number.POSITIVE_INFINITY;
    for (let at = 0; at < interactiveJobs; at++) {
      await Promise.all(Array.from({ length: 8 }, () => create(Priority.BATCH)));
      minWaiting = Math.min(minWaiting, await countWaiting(mesh));
      // A random pause, so that the call is not synchronous with running steps.
      await new Promise((next) => setTimeout(next, Math.random() * 100));
      const calledUnixMs = Date.now();
      const jobId = await create(Priority.INTERACTIVE);
      while (!times.started.has(jobId)) await new Promise((next) => setTimeout(next, 5));
      delaysMs.push((times.started.get(jobId) as number) - calledUnixMs);
    }
    const stepMs = [...times.completed].flatMap(([jobId, endMs]) => {
      const startMs = times.started.get(jobId);
      return startMs === undefined ? [] : [endMs - startMs];
    });
    const delay = spread(delaysMs);
    const step = spread(stepMs);
    const details = { interactiveJobs, minWaiting, delayMs: delay, runningStepMs: step, stepsRun: stepMs.length };
    return report("interactive-behind-batch", [
      {
        name: `start of an interactive job behind ${waitingJobs} waiting batch jobs, p50`,
        value: delay.median,
        unit: "ms",
        bound: step.median + extraMs,
        details,
      },
      { name: "the same, worst", value: delay.max, unit: "ms", bound: step.max + extraMs, details },
    ]);
  } finally {
    await bus.close();
  }
}

function listen(bus: Bus): Times {
  const times: Times = { started: new Map(), completed: new Map() };
  bus.nc.subscribe("jobs.*.*.*", {
    callback(_error, message) {
      const { jobId, event, atUnixMs } = JobEvent.decode(message.data);
      if (event?.$case === "started") times.started.set(jobId, atUnixMs);
      if (event?.$case === "completed") times.completed.set(jobId, atUnixMs);
    },
  });
  return times;
}

async function createJob({ client }: TestMesh, bytes: Uint8Array, priority: Priority, number: number): Promise<string> {
  const parameters = { contrast: { kind: { $case: "number" as const, value: 1 + number * 1e-5 } } };
  const operation = { $case: "applyEffects" as const, value: { effects: [{ name: "black_and_white", parameters }] } };
  const pipeline = { steps: [{ id: "fx", operation }] };
  return (await client.jobs.create({ pipeline, pictures: [{ bytes }], priority, noCache: true })).id;
}

async function countWaiting({ client }: TestMesh): Promise<number> {
  const { queues } = await client.cluster();
  return queues.find(({ name }) => name === "effects.batch")?.waiting ?? 0;
}

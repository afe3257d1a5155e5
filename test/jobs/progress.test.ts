import type { Bus } from "@pixelmesh/bus";
import { type Job, JobState } from "@pixelmesh/client";
import { robot, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, countStarts } from "@pixelmesh/testing/processes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

let mesh: HeldMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startHeldMesh({
    services: ["scheduler", "storage", "effects", "ingest"],
    env: { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_LOG_LEVEL: "warn" },
  });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});
afterEach(() => mesh.release());

const create = (bytes: Uint8Array) => mesh.client.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes }] });

/** Watches a job to its end. Calls `act` once, at the first update for which `isDue` holds. */
async function watchAll(id: string, isDue: (job: Job) => boolean, act: () => void): Promise<Job[]> {
  const seen: Job[] = [];
  let hasActed = false;
  for await (const job of mesh.client.jobs.watch(id)) {
    seen.push(job);
    if (hasActed || !isDue(job)) continue;
    hasActed = true;
    act();
  }
  expect(hasActed).toBe(true);
  expect(seen.at(-1)?.state).toBe(JobState.SUCCEEDED);
  return seen;
}

const isHalfWay = ({ progress }: Job) => progress > 0.3 && progress < 1;

test.each(["effects", "ingest"] as const)("progress does not fall when %s is killed and restarts", async (name) => {
  mesh.hold();
  const { id } = await create(robot);
  // A step is shown as running from its first progress on, which is before its start.
  await expect.poll(() => countStarts(bus, id)).toBe(1);
  const polled: number[] = [];
  const polling = new AbortController();
  const poll = (async () => {
    while (!polling.signal.aborted) {
      const job = await mesh.client.jobs.get(id).catch(() => undefined);
      if (job) polled.push(job.progress);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const isRestarted = () => mesh.events().some((event) => event.kind === "restarted" && event.name === name);
  // The successor of a killed worker begins the step again, and is held half way too.
  const isBack = {
    effects: async () => (await countStarts(bus, id)) === 2,
    ingest: async () => isRestarted() && (await mesh.client.jobs.get(id)).progress < 1,
  }[name];
  let back: Promise<void> | undefined;
  const seen = await watchAll(id, isHalfWay, () => {
    mesh.kill(name, "SIGKILL");
    back = expect.poll(isBack, { timeout: 60_000 }).toBe(true).finally(mesh.release);
    back.catch(() => {});
  });
  await back;
  polling.abort();
  await poll;
  const progress = seen.map((job) => job.progress);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(polled).toEqual(polled.toSorted((a, b) => a - b));
});

test("the time left is withheld while the worker is stopped", async () => {
  const picture = await slowPicture(2_400);
  const warm = await mesh.client.jobs.wait((await create(picture)).id);
  expect(warm.state).toBe(JobState.SUCCEEDED);
  const { id } = await create(picture);
  const worker = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  let withheld: Promise<void> | undefined;
  await watchAll(id, isHalfWay, () => {
    process.kill(worker, "SIGSTOP");
    withheld = expect
      .poll(async () => (await mesh.client.jobs.get(id)).etaMs, { timeout: 30_000 })
      .toBe(-1)
      .finally(() => process.kill(worker, "SIGCONT"));
  });
  await withheld;
});

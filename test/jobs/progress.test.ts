import { type Job, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, test } from "vitest";

let mesh: TestMesh;
let picture: Buffer;
beforeAll(async () => {
  picture = await slowPicture();
  mesh = await startTestMesh({
    services: ["scheduler", "storage", "effects", "ingest"],
    env: { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_LOG_LEVEL: "warn" },
  });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

const create = () => mesh.client.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: picture }] });

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
  const { id } = await create();
  const polled: number[] = [];
  const polling = new AbortController();
  const poll = (async () => {
    while (!polling.signal.aborted) {
      const job = await mesh.client.jobs.get(id).catch(() => undefined);
      if (job) polled.push(job.progress);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const seen = await watchAll(id, isHalfWay, () => mesh.kill(name, "SIGKILL"));
  polling.abort();
  await poll;
  const progress = seen.map((job) => job.progress);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(polled).toEqual(polled.toSorted((a, b) => a - b));
});

test("the time left is withheld while the worker is stopped", async () => {
  const warm = await mesh.client.jobs.wait((await create()).id);
  expect(warm.state).toBe(JobState.SUCCEEDED);
  const { id } = await create();
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

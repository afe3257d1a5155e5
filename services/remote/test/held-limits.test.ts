import { JobState } from "@pixelmesh/client";
import { robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RemoteMesh, remotePipeline, startRemoteMesh } from "./start-remote-mesh.ts";

const models = ["quick-1", "slow-1", "own-1"] as const;
/** Calls of each class of the 200: so many that each class is busy for about the same time. */
const counts = { "quick-1": 114, "slow-1": 57, "own-1": 29 } as const;
const workMs = 1_000;

let remote: RemoteMesh;
beforeAll(async () => {
  remote = await startRemoteMesh({ behaviours: { "*": { workMs } } });
});
afterAll(async () => remote?.[Symbol.asyncDispose]());

test("of 200 jobs at once the provider never has more than 8 light, 4 heavy and 2 exclusive calls, and all of these at once", async () => {
  const { client } = remote.mesh;
  const all = models.flatMap((model) => Array.from({ length: counts[model] }, () => model));
  // Classes are mixed, as callers send them.
  const order = all.map((model, at) => ({ model, rank: (at * 7_919) % all.length })).sort((a, b) => a.rank - b.rank);
  const jobs = await Promise.all(
    order.map(({ model }) => client.jobs.create({ pipeline: remotePipeline(model), pictures: [{ bytes: robot }] })),
  );
  const ended = await Promise.all(jobs.map(({ id }) => client.jobs.wait(id, { signal: AbortSignal.timeout(180_000) })));
  expect(new Set(ended.map(({ state }) => state))).toEqual(new Set([JobState.SUCCEEDED]));
  const { total, byClass } = await remote.provider.control.stats();
  expect(total).toMatchObject({ created: 200, charged: 200, open: 0 });
  expect(byClass).toMatchObject({ light: { mostOpen: 8 }, heavy: { mostOpen: 4 }, exclusive: { mostOpen: 2 } });
});

test("steps that wait for a heavy call keep no light one waiting, although they are more than the process holds", async () => {
  const { client } = remote.mesh;
  await remote.provider.control.reset();
  await remote.provider.control.behave("slow-1", { workMs: 60_000 });
  const create = (model: (typeof models)[number]) =>
    client.jobs.create({ pipeline: remotePipeline(model), pictures: [{ bytes: robot }] });
  const heavy = await Promise.all(Array.from({ length: 100 }, () => create("slow-1")));
  await expect.poll(async () => (await remote.provider.control.stats()).byClass.heavy?.open).toBe(4);
  const { id } = await create("quick-1");
  expect((await client.jobs.wait(id, { signal: AbortSignal.timeout(60_000) })).state).toBe(JobState.SUCCEEDED);
  expect((await remote.provider.control.stats()).byClass.heavy).toMatchObject({ open: 4, mostOpen: 4 });
  await Promise.all(heavy.map((job) => client.jobs.cancel(job.id)));
  await expect.poll(async () => (await remote.provider.control.stats()).byClass.heavy?.open).toBe(0);
});

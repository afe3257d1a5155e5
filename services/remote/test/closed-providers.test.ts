import { JobState, reasonFromEnum } from "@pixelmesh/client";
import { robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RemoteMesh, remotePipeline, startRemoteMesh } from "./start-remote-mesh.ts";

let remote: RemoteMesh;
beforeAll(async () => {
  remote = await startRemoteMesh({ env: { PIXELMESH_SCHEDULER_LEASE_TTL: "2s" } });
});
afterAll(async () => remote?.[Symbol.asyncDispose]());
beforeEach(() => remote.provider.control.reset());

const jobs = () => remote.mesh.client.jobs;
const create = (model: Parameters<typeof remotePipeline>[0]) =>
  jobs().create({ pipeline: remotePipeline(model), pictures: [{ bytes: robot }] });
const waitFor = (id: string) => jobs().wait(id, { signal: AbortSignal.timeout(120_000) });
const stats = () => remote.provider.control.stats();
const device = async () =>
  (await remote.mesh.client.cluster()).devices.find(({ deviceId }) => deviceId === "provider/fake");

test("the cluster shows a provider with its limits and its calls in use, and a step says that its provider works on it", async () => {
  await remote.provider.control.behave("slow-1", { workMs: 60_000 });
  const { id } = await create("slow-1");
  await expect.poll(async () => (await device())?.callsInUse?.heavy).toBe(1);
  expect(await device()).toMatchObject({
    fresh: true,
    closedForMs: 0,
    totalBytes: 0,
    callLimits: { light: 8, heavy: 4, exclusive: 2 },
    callsInUse: { light: 0, heavy: 1, exclusive: 0, models: { "slow-1": 1 } },
  });
  await expect.poll(async () => (await jobs().get(id)).steps[0]?.wait).toMatchObject({ deviceId: "provider/fake" });
  await jobs().cancel(id);
  await expect.poll(async () => (await device())?.callsInUse?.heavy).toBe(0);
});

test("a scheduler that is killed does not end a call: its slot is announced again, and the prediction goes on", async () => {
  await remote.provider.control.behave("slow-1", { workMs: 8_000 });
  const { id } = await create("slow-1");
  await expect.poll(async () => (await stats()).total.open).toBe(1);
  remote.mesh.kill("scheduler");
  const job = await waitFor(id);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, steps: [{ attempt: 1 }] });
  expect((await stats()).total).toMatchObject({ created: 1, cancelled: 0, charged: 1 });
});

test("five failures in a row close the provider: further steps wait and are not sent", async () => {
  await expect.poll(async () => (await device())?.fresh).toBe(true);
  await remote.provider.control.fail({ at: "create", status: 500 });
  const { id } = await create("quick-1");
  const failed = await waitFor(id);
  expect(reasonFromEnum(failed.error?.reason ?? 0)).toBe("PROVIDER_FAILED");
  await expect.poll(async () => (await device())?.closedForMs).toBeGreaterThan(20_000);
  const { calls } = (await stats()).total;
  expect(calls).toBe(5);
  const waiting = await create("quick-1");
  await expect
    .poll(async () => (await jobs().get(waiting.id)).steps[0]?.wait)
    .toMatchObject({ deviceId: "provider/fake" });
  expect((await stats()).total.calls).toBe(5);
  await jobs().cancel(waiting.id);
});

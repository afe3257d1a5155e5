import { type Job, JobState } from "@pixelmesh/client";
import { JobServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { robot, slowPipeline } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

const mostWatches = 2_000;
let mesh: HeldMesh;
beforeAll(async () => {
  mesh = await startHeldMesh({
    services: ["scheduler", "storage", "effects", "ingest"],
    env: { PIXELMESH_INGEST_MAX_WATCHES: String(mostWatches), PIXELMESH_LOG_LEVEL: "warn" },
  });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

test("2,000 watchers of one job over four connections all see its end, and watchers above the limit are refused at once", async () => {
  const connections = Array.from({ length: 4 }, () => connectRpc(mesh.address));
  onTestFinished(() => {
    for (const connection of connections) connection.close();
  });
  const clients = connections.map((connection) => connection.client(JobServiceDefinition));
  // The job cannot end before all watch it.
  mesh.hold();
  const { id } = await mesh.client.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: robot }] });
  let begun = 0;
  async function watch(at: number): Promise<Job[]> {
    const seen: Job[] = [];
    for await (const job of (clients[at % clients.length] as (typeof clients)[number]).watchJob({ jobId: id })) {
      if (seen.length === 0) begun += 1;
      seen.push(job);
    }
    return seen;
  }
  const watching = Array.from({ length: mostWatches }, (_, at) => watch(at));
  for (const promise of watching) promise.catch(() => {});
  await expect.poll(() => begun, { timeout: 60_000 }).toBe(mostWatches);
  for (let extra = 0; extra < 20; extra++)
    await expect(watch(extra)).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
  mesh.release();
  for (const seen of await Promise.all(watching)) {
    expect(seen.at(-1)?.state).toBe(JobState.SUCCEEDED);
    const progress = seen.map((job) => job.progress);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  }
  // Ended watchers no longer count.
  expect((await watch(0)).at(-1)?.state).toBe(JobState.SUCCEEDED);
});

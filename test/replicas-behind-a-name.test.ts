import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { startTestMesh } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { effectStep, robot } from "./fixtures.ts";
import { connectTestBus, countStarts, startReplica } from "./replicas.ts";

test("two replicas of ingest behind one address share the calls, and jobs never notice that connections end", async () => {
  const env = { PIXELMESH_RPC_MAX_CONNECTION_AGE: "1s" };
  await using mesh = await startTestMesh({ env, services: ["ingest", "scheduler", "storage", "effects"] });
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using replica = await startReplica(mesh, bus, "ingest", { env: { ...env, PIXELMESH_LOG_LEVEL: "info" } });
  using client = closing(connectPixelmesh({ address: `ipv4:${mesh.address},${replica.address}` }));

  const untilMs = performance.now() + 5_000;
  const jobs: string[] = [];
  const runJobs = async () => {
    while (performance.now() < untilMs) {
      // Equal to no other: nothing is answered from what is stored.
      const steps = [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() })];
      const job = await client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }] });
      expect((await client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
      jobs.push(job.id);
    }
  };
  await Promise.all([runJobs(), runJobs(), runJobs()]);

  expect(jobs.length).toBeGreaterThan(3);
  // No step was given back and started again for a connection that ended under it.
  for (const id of jobs) expect(await countStarts(bus, id)).toBe(1);
  expect(mesh.logs("ingest")).toContain("JobService/CreateJob");
  expect(replica.said()).toContain("JobService/CreateJob");
});

function closing<T extends { close(): void }>(client: T): T & Disposable {
  return { ...client, [Symbol.dispose]: client.close };
}

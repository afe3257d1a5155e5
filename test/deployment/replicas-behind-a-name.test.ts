import { listServices } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { version as ownVersion } from "@pixelmesh/roles";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns, startReplica } from "@pixelmesh/testing/processes";
import { expect, test } from "vitest";

test("two replicas of ingest behind one address share the calls, two releases of effects share the work, and ended connections fail no job", async () => {
  const env = { PIXELMESH_RPC_MAX_CONNECTION_AGE: "1s" };
  await using mesh = await startTestMesh({ env, services: ["ingest", "scheduler", "storage", "effects"] });
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using replica = await startReplica(mesh, bus, "ingest", { env: { ...env, PIXELMESH_LOG_LEVEL: "info" } });
  const release = { ...env, PIXELMESH_VERSION_LABEL: "1.2.3-canary" };
  await using _ = await startReplica(mesh, bus, "effects", { env: release });
  using client = closing(connectPixelmesh({ address: `ipv4:${mesh.address},${replica.address}` }));

  const jobs: string[] = [];
  const runJob = async () => {
    // Different from all others, so that no stored result matches.
    const steps = [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() })];
    const job = await client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }] });
    expect((await client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
    jobs.push(job.id);
  };
  const untilMs = performance.now() + 5_000;
  const runJobs = async () => {
    while (performance.now() < untilMs) await runJob();
  };
  await Promise.all([runJobs(), runJobs(), runJobs()]);

  // The choice is random: jobs are created until each replica had one.
  await expect
    .poll(async () => {
      await runJob();
      return [mesh.logs("ingest"), replica.errorOutput()].every((log) => log.includes("JobService/CreateJob"));
    })
    .toBe(true);
  const workers = (await listServices(bus)).filter(({ service }) => service === "effects");
  expect(workers.map(({ version }) => version).sort()).toEqual([ownVersion, "1.2.3-canary"]);
  for (const { version, metricsUrl } of workers) {
    const read = async () => {
      await runJob();
      return (await fetch(metricsUrl)).text();
    };
    // Each release counts its work under its version.
    await expect
      .poll(read)
      .toMatch(/^pixelmesh_step_duration_seconds_count\{operation="applyEffects",outcome="succeeded"\} [1-9]/m);
    expect(await read()).toContain(`version="${version}"`);
  }
  // No step was requeued and restarted because its connection ended.
  await expect.poll(() => countRuns(bus, "effects")).toBe(jobs.length);
});

function closing<T extends { close(): void }>(client: T): T & Disposable {
  return { ...client, [Symbol.dispose]: client.close };
}

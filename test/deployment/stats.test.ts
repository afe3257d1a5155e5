import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import { ErrorReason } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, startReplica } from "@pixelmesh/testing/processes";
import { expect, test } from "vitest";

const contrastPipeline = (at: number) => ({
  steps: [effectStep("fx", "black_and_white", { contrast: 1 + at / 100 }), effectStep("dots", "dither")],
});

test("two replicas return the same statistics: every job counted once, percentiles over the runs of both", async () => {
  await using mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using second = await startReplica(mesh, bus, "ingest");
  const other = connectPixelmesh({ address: second.address });
  const clients = [mesh.client, other];

  const ended: Job[] = [];
  const runAll = async (count: number) => {
    const created = Array.from({ length: count }, (_, at) =>
      clients[at % 2]!.jobs.create({ pipeline: contrastPipeline(at), pictures: [{ bytes: robot }] }),
    );
    for (const { id } of await Promise.all(created)) ended.push(await mesh.client.jobs.wait(id));
  };
  await runAll(10);
  await runAll(4);
  await expect(
    other.jobs.create({ pipeline: contrastPipeline(0), pictures: [{ bytes: Buffer.from("no picture") }] }),
  ).rejects.toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);

  await expect.poll(async () => (await mesh.client.stats()).jobs?.succeeded).toBe(14);
  const stats = await mesh.client.stats();
  expect(await other.stats()).toMatchObject({ jobs: stats.jobs, requests: stats.requests, errors: stats.errors });
  expect(stats).toMatchObject({
    missing: [],
    jobs: { total: 14, succeeded: 14, failed: 0, cancelled: 0, cached: 4 },
    jobsRefused: 1,
    requests: { total: 28, succeeded: 28, cached: 8 },
    hitRate: 8 / 28,
    errorRate: 0,
    errors: [{ reason: ErrorReason.IMAGE_TYPE_UNSUPPORTED, count: 1 }],
    operations: [{ operation: "apply_effects", requests: { total: 28 } }],
  });
  expect(stats.replicas.map(({ instance }) => instance)).toHaveLength(2);
  expect(stats.storage?.blobs).toBeGreaterThan(0);
  expect(stats.cache?.resultEntries).toBeGreaterThanOrEqual(20);

  const runs = ended.flatMap(({ steps }) => steps.filter(({ cached }) => !cached).map(({ runMs }) => runMs));
  const sorted = runs.sort((a, b) => a - b);
  /** Nearest rank: the shortest run that at least `percent` of the runs do not exceed. */
  const exact = (percent: number) =>
    sorted.find((ms) => runs.filter((run) => run <= ms).length * 100 >= percent * runs.length)!;
  const latency = stats.operations[0]!.latency!;
  expect(latency).toMatchObject({ count: 20, minMs: sorted[0], maxMs: sorted.at(-1) });
  // A run below a millisecond is reported as one.
  for (const [percent, found] of [
    [50, latency.p50Ms],
    [95, latency.p95Ms],
    [99, latency.p99Ms],
  ] as const)
    expect(Math.abs(found - exact(percent))).toBeLessThanOrEqual(0.02 * exact(percent) + 1);

  // The counts of an ended replica are missing, and the statistics say so while it is still announced.
  const { instance } = (await other.stats()).replicas[0]!;
  other.close();
  await second[Symbol.asyncDispose]();
  const without = await mesh.client.stats();
  expect(without.replicas).toHaveLength(1);
  expect(without.missing.filter((name) => name !== `ingest-${instance}`)).toEqual([]);
});

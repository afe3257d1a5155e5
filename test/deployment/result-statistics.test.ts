import { rmSync } from "node:fs";
import { join } from "node:path";
import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, slowPipeline, step } from "@pixelmesh/testing/jobs";
import { connectTestBus, keysLeft, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { startHeldMesh } from "../support/held-mesh.ts";

const chainOf = (...names: string[]) => ({
  steps: [
    step("fx", { $case: "applyEffects", value: { effects: names.map((name) => ({ name, parameters: {} })) } } as never),
  ],
});

/** Sum of a counter over the replicas of ingest, of the series with all of these labels. */
async function sumOfMetric(urls: readonly string[], name: string, labels: Record<string, string>): Promise<number> {
  const pages = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const has = (text: string) => Object.entries(labels).every(([key, value]) => text.includes(`${key}="${value}"`));
  return pages
    .flatMap((page) => page.split("\n"))
    .filter((line) => line.startsWith(`${name}{`) && has(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

test("requests of the result cache are counted once, for their operation and for each effect, as the jobs say", {
  timeout: 300_000,
}, async () => {
  await using mesh = await startHeldMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using second = await startReplica(mesh, bus, "ingest");
  const other = connectPixelmesh({ address: second.address });
  onTestFinished(other.close);
  const picture = await sharp({ create: { width: 50, height: 40, channels: 3, background: "#345678" } })
    .png()
    .toBuffer();

  const ended: Job[] = [];
  const start = (pipeline: object, bytes: Buffer = picture, settings: object = {}) =>
    (ended.length % 2 === 0 ? mesh.client : other).jobs.create({
      pipeline,
      pictures: [{ bytes }],
      ...settings,
    } as never) as Promise<Job>;
  const finish = async ({ id }: Job) => {
    const job = await mesh.client.jobs.wait(id);
    expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
    ended.push(job);
    return job;
  };
  const run = async (...given: Parameters<typeof start>) => finish(await start(...given));

  // Misses, hits, and requests that look nothing up.
  const made = await run(chainOf("black_and_white", "dither"));
  const hits = [await run(chainOf("black_and_white", "dither")), await run(chainOf("black_and_white", "dither"))];
  await run(chainOf("dither"));
  hits.push(await run(chainOf("dither")));
  await run(chainOf("dither", "dither"), picture, { noCache: true });
  await run(chainOf("dither"), picture, { refresh: true });
  // A run with three that wait for it.
  const slow = slowPipeline();
  mesh.hold();
  const running = await start(slow);
  const joining = await Promise.all([1, 2, 3].map(() => start(slow)));
  await expect.poll(async () => (await keysLeft(bus, "waits")).length, { timeout: 60_000 }).toBe(3);
  mesh.release();
  await finish(running);
  const coalesced = [await finish(joining[0]!), await finish(joining[1]!), await finish(joining[2]!)];
  // A result whose blob is gone is computed again.
  const { sha256 = "" } = made.outputs[0] ?? {};
  rmSync(join(mesh.dataDir, "blobs", "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256));
  const again = await run(chainOf("black_and_white", "dither"));
  expect(again.steps[0]?.cached).toBe(false);
  // A step that fails is no request of the cache.
  const damaged = Buffer.from(picture).fill(0x5a, picture.indexOf("IDAT") + 4, picture.indexOf("IEND") - 8);
  const failed = await mesh.client.jobs.wait((await start(chainOf("dither"), damaged)).id);
  expect(failed.state).toBe(JobState.FAILED);

  const cached = [...hits, ...coalesced];
  expect(cached.map(({ steps }) => steps[0]?.cached)).toEqual(cached.map(() => true));
  const sum = (jobs: readonly Job[], of: (job: Job) => number) => jobs.reduce((total, job) => total + of(job), 0);
  const savedMs = (jobs: readonly Job[]) => sum(jobs, ({ steps }) => steps[0]?.savedMs ?? 0);
  const bytesOf = (jobs: readonly Job[]) => sum(jobs, ({ outputs }) => outputs[0]?.sizeBytes ?? 0);
  expect(savedMs(coalesced)).toBeGreaterThan(0);

  const counted = async () => {
    const { jobs } = await mesh.client.stats();
    return [jobs?.succeeded, jobs?.failed];
  };
  await expect.poll(counted).toEqual([ended.length, 1]);
  const stats = await other.stats();
  const [operation] = stats.operations;
  expect(operation).toMatchObject({
    operation: "apply_effects",
    requests: { total: 13, succeeded: 12, failed: 1, cached: 6 },
    savedMs: savedMs(cached),
    cache: {
      hits: 3,
      coalesced: 3,
      misses: 4,
      bypassed: 2,
      bytes: bytesOf(cached),
      savedMs: savedMs(cached),
      // A cached step waits from its inputs being ready to its result.
      retrievalMs: sum(hits, ({ steps }) => steps[0]?.waitMs ?? 0),
      lost: 1,
      tiers: [{ tier: "directory", hits: 6 }],
    },
  });
  expect(stats.resultCache).toEqual(operation?.cache);
  const lostAgeMs = operation?.cache?.lostAgeMs ?? 0;
  expect(lostAgeMs).toBeGreaterThan(0);
  expect(lostAgeMs).toBeLessThanOrEqual(again.finishedUnixMs - made.createdUnixMs);

  const effect = (name: string) => stats.effects.find((each) => each.effect === name);
  const pairHits = hits.slice(0, 2);
  const ditherHits = hits;
  expect(effect("dither")).toMatchObject({
    requests: { total: 9, cached: 3 },
    cache: { hits: 3, coalesced: 0, misses: 3, bypassed: 2, savedMs: savedMs(ditherHits), bytes: bytesOf(ditherHits) },
  });
  // The slow chain begins with it too.
  expect(effect("black_and_white")).toMatchObject({
    requests: { total: 8, cached: 5 },
    cache: { hits: 2, coalesced: 3, misses: 3, bypassed: 0, savedMs: savedMs([...pairHits, ...coalesced]), lost: 1 },
  });
  expect(effect("pop_art")).toMatchObject({ requests: { total: 4 }, cache: { coalesced: 3, misses: 1 } });
  expect(stats.effects.map((each) => each.effect)).toEqual(["black_and_white", "dither", "pop_art"]);
  expect(await mesh.client.stats()).toMatchObject({ operations: stats.operations, effects: stats.effects });

  const { services } = await mesh.client.cluster();
  const urls = services.filter(({ service }) => service === "ingest").map(({ metricsUrl }) => metricsUrl);
  const applyEffects = { operation: "applyEffects" };
  const requests = (result: string) =>
    sumOfMetric(urls, "pixelmesh_result_requests_total", { ...applyEffects, result });
  expect(await Promise.all(["hit", "coalesced", "miss", "bypassed"].map(requests))).toEqual([3, 3, 4, 2]);
  const saved = await sumOfMetric(urls, "pixelmesh_result_saved_seconds_total", applyEffects);
  expect(saved).toBeCloseTo(savedMs(cached) / 1000, 6);
  expect(await sumOfMetric(urls, "pixelmesh_result_cached_bytes_total", applyEffects)).toBe(bytesOf(cached));
  expect(await sumOfMetric(urls, "pixelmesh_result_retrieval_seconds_count", applyEffects)).toBe(3);
  expect(await sumOfMetric(urls, "pixelmesh_results_lost_total", applyEffects)).toBe(1);
  const dither = { effect: "dither" };
  expect(await sumOfMetric(urls, "pixelmesh_effect_requests_total", { ...dither, result: "hit" })).toBe(3);
  expect(await sumOfMetric(urls, "pixelmesh_effect_saved_seconds_total", dither)).toBeCloseTo(
    savedMs(ditherHits) / 1000,
    6,
  );
});

test("a restart of ingest loses counts, but no job loses what its result saved", async () => {
  await using mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
  const picture = await sharp({ create: { width: 50, height: 40, channels: 3, background: "#123456" } })
    .png()
    .toBuffer();
  const pipeline = { steps: [effectStep("fx", "clarity")] };
  const run = async () => {
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: picture }] } as never);
    return mesh.client.jobs.wait(id);
  };
  const made = await run();
  const before = await run();
  expect(before.steps[0]).toMatchObject({ cached: true, savedMs: made.steps[0]?.runMs });
  const pidOf = (name: string) => mesh.processes().find((each) => each.name === name)?.pid;
  for (const name of ["ingest", "storage"] as const) {
    const pid = pidOf(name);
    mesh.kill(name);
    await expect.poll(() => pidOf(name), { timeout: 60_000 }).not.toBe(pid);
  }
  expect((await mesh.client.jobs.get(before.id)).steps[0]).toMatchObject({
    cached: true,
    savedMs: made.steps[0]?.runMs,
  });
  const after = await run();
  expect(after.steps[0]).toMatchObject({ cached: true, savedMs: made.steps[0]?.runMs });
});

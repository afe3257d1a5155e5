import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { placeDisk } from "../support/small-disk.ts";

/** An outage of this length once failed 8 of 12 open jobs: attempts without waiting were used up after 7.5 s. */
const outageMs = 30_000;

test("no open job fails while the store accepts nothing for 30 s, and no step runs twice", {
  timeout: 400_000,
}, async () => {
  const env = { PIXELMESH_STORAGE_MIN_FREE: "0B", PIXELMESH_STORAGE_SWEEP_EVERY: "1s" };
  await using mesh = await startTestMesh({ env });
  await using bus = await connectTestBus(mesh.brokerUrl());
  using disk = placeDisk(join(mesh.dataDir, "blobs"), 256);
  const impatient = connectPixelmesh({ address: mesh.address, retryTimeoutMs: 0 });
  onTestFinished(() => impatient.close());
  const large = await sharp(robot).resize(1_200).png().toBuffer();

  for (const [name, outage] of Object.entries(disk.outages)) {
    const jobs: Job[] = [];
    const runsBefore = await countRuns(bus, "effects");
    for (let at = 0; at < 12; at += 1) {
      // Jobs of one step and of two, so that an intermediate frame waits too.
      const first = slowPipeline();
      const second = effectStep("then", "black_and_white", { contrast: 1 + Math.random() / 4 }, "fx");
      const pipeline = at % 2 === 0 ? first : { steps: [...first.steps, second] };
      jobs.push(await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: large }] }));
    }
    await outage.begin();
    const endMs = performance.now() + outageMs;
    // New uploads are refused, with a retry delay.
    const picture = await sharp(robot).resize(500).png().toBuffer();
    const asking = impatient.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: picture }] });
    await expect(asking, name).rejects.toMatchObject({
      reason: expect.stringMatching(/^STORAGE_(FULL|UNAVAILABLE)$/),
      retryAfterMs: expect.any(Number),
    });
    await expect.poll(() => mesh.logs("effects"), { timeout: 60_000 }).toContain("the result cannot be stored");
    await sleep(Math.max(0, endMs - performance.now()));
    await outage.end();

    const ended = await Promise.all(jobs.map(({ id }) => mesh.client.jobs.wait(id)));
    expect(
      ended.map(({ state, error }) => [state, error?.message]),
      name,
    ).toEqual(ended.map(() => [JobState.SUCCEEDED, undefined]));
    // Six jobs of one step and six of two. Each step ran once.
    await expect.poll(async () => (await countRuns(bus, "effects")) - runsBefore, { message: name }).toBe(18);
    const attempts = ended.flatMap(({ steps }) => steps.map(({ attempt }) => attempt));
    expect(attempts, name).toEqual(Array(18).fill(1));
  }
});

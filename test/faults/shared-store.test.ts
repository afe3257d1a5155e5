import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectPixelmesh, ImageFormat, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot, slowPipeline } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";

/** How long the shared store is away. */
const outageMs = 10_000;

/** Creates a shared directory that ends with the test. */
function createShared(): { readonly dir: string; readonly env: Record<string, string> } {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-shared-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const dir = join(root, "cold");
  mkdirSync(dir);
  const env = { PIXELMESH_STORAGE_COLD: `file://${dir}`, PIXELMESH_STORAGE_MIN_FREE: "0B" };
  return { dir, env };
}

/** Two effects that no earlier job had, with a frame between them. */
function pipelineOf(at: number) {
  const first = slowPipeline();
  const second = effectStep("then", "black_and_white", { contrast: 1 + at / 100 }, "fx");
  return {
    steps: [...first.steps, second],
    outputs: [{ name: "out", step: "then", encoding: { format: ImageFormat.PNG } }],
  };
}

test("no open job fails while the shared store is away, new ones are refused with a delay, and results can be read meanwhile", {
  timeout: 300_000,
}, async () => {
  const { dir, env } = createShared();
  await using mesh = await startTestMesh({ env });
  const impatient = connectPixelmesh({ address: mesh.address, retryTimeoutMs: 0 });
  onTestFinished(() => impatient.close());
  const picture = await sharp(robot).resize(900).png().toBuffer();

  const first = await mesh.client.jobs.create({ pipeline: pipelineOf(0), pictures: [{ bytes: picture }] });
  expect((await mesh.client.jobs.wait(first.id)).state).toBe(JobState.SUCCEEDED);
  const result = await download(mesh.client, first, "out");

  const jobs: Job[] = [];
  for (let at = 1; at <= 6; at += 1) {
    jobs.push(await mesh.client.jobs.create({ pipeline: pipelineOf(at), pictures: [{ bytes: picture }] }));
  }
  renameSync(dir, `${dir}-away`);
  const other = await sharp(robot).resize(400).png().toBuffer();
  await expect(impatient.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: other }] })).rejects.toMatchObject(
    {
      reason: "STORAGE_UNAVAILABLE",
      retryAfterMs: expect.any(Number),
    },
  );
  expect(Buffer.compare(await download(mesh.client, first, "out"), result)).toBe(0);
  await sleep(outageMs);
  renameSync(`${dir}-away`, dir);

  const ended = await Promise.all(jobs.map(({ id }) => mesh.client.jobs.wait(id)));
  expect(ended.map(({ state, error }) => [state, error?.message])).toEqual(
    ended.map(() => [JobState.SUCCEEDED, undefined]),
  );
  expect(readdirSync(join(dir, "tmp"))).toEqual([]);
});

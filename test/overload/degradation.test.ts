import { JobState } from "@pixelmesh/client";
import { Priority, Quality } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { downloadFrame, step } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { expect, test } from "vitest";

const pipeline = { steps: [step("up", { $case: "upscale", value: { scale: 2 } } as never)] };
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: "#888", noise: { type: "gaussian", mean: 128, sigma: 40 } },
  })
    .jpeg()
    .toBuffer();

test("behind a backlog, a job that allows it is degraded and lists that; a job that does not allow it waits", async () => {
  // Other load of this machine must not count as load of the mesh.
  await using mesh = await startTestMesh({ env: { PIXELMESH_INGEST_ADAPT_CPU_LOAD: "0" } });
  const create = (bytes: Uint8Array, more: object = {}) =>
    mesh.client.jobs.create({ pipeline, pictures: [{ bytes }], noCache: true, ...more });
  const small = await noise(320, 240);
  // The duration of a step is learned from a finished one.
  await mesh.client.jobs.wait((await create(small)).id);
  const backlog = await Promise.all(
    Array.from({ length: 400 }, () => create(small, { priority: Priority.BATCH, allowDegraded: false })),
  );
  const large = await noise(1_800, 1_200);
  const strict = await create(large, { quality: Quality.AUTO });
  expect(strict.adaptations).toEqual([]);
  const allowing = await create(large, { allowDegraded: true });
  const [size] = allowing.adaptations;
  expect(size).toMatchObject({ kind: "size", from: "1800x1200", why: expect.stringMatching(/\d+ s/) });
  expect(size?.to).toMatch(/^(1536x1024|1024x683)$/);
  await mesh.client.jobs.cancel(strict.id);
  await Promise.all(backlog.map(({ id }) => mesh.client.jobs.cancel(id)));

  const ended = await mesh.client.jobs.wait(allowing.id);
  expect(ended.state).toBe(JobState.SUCCEEDED);
  const { widthPx, heightPx } = await downloadFrame(mesh.client, ended, "result");
  const [width = 0, height = 0] = (size?.to ?? "").split("x").map(Number);
  expect([widthPx, heightPx]).toEqual([width * 2, height * 2]);
  const { metricsUrl } = (await mesh.client.cluster()).services.find(({ service }) => service === "ingest") ?? {};
  await expect
    .poll(async () => (await fetch(metricsUrl ?? "")).text())
    .toMatch(/pixelmesh_adaptations_total\{kind="size"\} 1\n/);
  expect(await (await fetch(metricsUrl ?? "")).text()).toContain('pixelmesh_jobs_degraded_total{pipeline="upscale"} 1');
});

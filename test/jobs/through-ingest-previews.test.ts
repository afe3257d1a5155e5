import type { AppError } from "@pixelmesh/client";
import { EffectsServiceDefinition, ImageFormat } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
const operation = { effects: [{ name: "black_and_white", parameters: {} }] };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

/** Connects to the effects at ingest as a tenant. */
function connect(tenant?: string) {
  const connection = connectRpc(mesh.address, { tenant });
  onTestFinished(() => connection.close());
  return connection.client(EffectsServiceDefinition);
}

async function* upload<H>(header: H) {
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(robot, 10_000)) yield { part: { $case: "chunk" as const, value } };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a failure");
    },
    (error: AppError) => error,
  );

test("a preview names a picture by its digest, if the tenant has sent it", async () => {
  const request = { operation, encoding: png, maxSidePx: 120 };
  const sent = await connect("alice").previewEffects({ ...request, picture: robot });
  const sha256 = sent.sourceSha256;
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect((await connect("alice").previewEffects({ ...request, sha256 })).picture).toEqual(sent.picture);
  expect(await failure(connect("bob").previewEffects({ ...request, sha256 }))).toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
  expect(await failure(connect("alice").previewEffects({ ...request, sha256: "0".repeat(64) }))).toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
  expect(await failure(connect("alice").previewEffects({ ...request, sha256: "nope" }))).toMatchObject({
    reason: "INVALID_ARGUMENT",
    fields: [{ field: "sha256" }],
  });
  const carol = await connect("carol").previewPicture(upload({ operation, encoding: png, maxSidePx: 120 }));
  expect(carol).toMatchObject({ sourceSha256: sha256, picture: sent.picture });
  expect((await connect("carol").previewEffects({ ...request, sha256 })).picture).toEqual(sent.picture);
});

test("a preview names an output of a job of its tenant", async () => {
  const pipeline = { steps: [effectStep("fx", "black_and_white")] };
  const job = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
  const { outputs } = await mesh.client.jobs.wait(job.id);
  const name = outputs[0]?.name ?? "";
  const client = connect();
  const request = { operation, encoding: png, maxSidePx: 120 };
  const expected = await client.previewEffects({ ...request, picture: await download(mesh.client, job, name) });
  for (const named of ["", name]) {
    const preview = await client.previewEffects({ ...request, jobOutput: { jobId: job.id, name: named } });
    expect(preview.sourceSha256).toBe(outputs[0]?.sha256);
    expect(preview.picture).toEqual(expected.picture);
  }
  const ask = (jobOutput: { jobId: string; name: string }, tenant?: string) =>
    failure(connect(tenant).previewEffects({ ...request, jobOutput }));
  expect(await ask({ jobId: job.id, name }, "other")).toMatchObject({ reason: "JOB_NOT_FOUND" });
  expect(await ask({ jobId: job.id, name: "nope" })).toMatchObject({ reason: "OUTPUT_NOT_FOUND" });
  const both = { ...request, picture: robot, jobOutput: { jobId: job.id, name } };
  expect(await failure(client.previewEffects(both))).toMatchObject({ reason: "INVALID_ARGUMENT" });
});

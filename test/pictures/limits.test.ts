import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppError, connectPixelmesh, ImageFormat, JobState, type Pixelmesh } from "@pixelmesh/client";
import { EffectsServiceDefinition, type Step } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import { replicatingUpscaler } from "@pixelmesh/testing/models";
import { connectTestBus, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callDirect } from "../support/direct-calls.ts";
import { writePair } from "../support/model-pair.ts";

type Operation = NonNullable<Step["operation"]>;

const effect = effectStep("fx", "dither", { method: "threshold" }).operation as Operation;
const operations: readonly Operation[] = [
  { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } },
  { $case: "upscale", value: { scale: 2, model: "pixelmesh-sr-x2" } },
  { $case: "removeBackground", value: { model: "pixelmesh-matte" } },
  effect,
];
const replace: Operation = {
  $case: "replaceBackground",
  value: { background: { $case: "color", value: "#112233" } },
};

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#c8783c" } });
const png = (width: number, height: number) => flat(width, height).png().toBuffer();
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: "#888", noise: { type: "gaussian", mean: 128, sigma: 60 } },
  })
    .png()
    .toBuffer();

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: AppError) => error,
  );

/** Creates one job of these operations, each on the uploaded picture; a background is replaced behind the cut-out. */
async function runJob(client: Pixelmesh, bytes: Uint8Array, asked: readonly Operation[]) {
  const steps = asked.map((operation, at) => ({
    id: `s${at}`,
    operation,
    inputs: [
      operation.$case === "replaceBackground"
        ? {
            from: { $case: "step" as const, value: `s${asked.findIndex(({ $case }) => $case === "removeBackground")}` },
          }
        : { from: { $case: "upload" as const, value: "source" } },
    ],
  }));
  const outputs = steps.map(({ id }) => ({ name: id, step: id }));
  const { id } = await client.jobs.create({
    pipeline: { steps, outputs },
    pictures: [{ name: "source", bytes }],
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  expect(job.error).toBeUndefined();
  return job;
}

describe("lowered limits", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({
      env: {
        PIXELMESH_INGEST_MAX_PIXELS: "10000",
        PIXELMESH_INGEST_MAX_UPLOAD: "20KiB",
        PIXELMESH_MAX_OUTPUT_PIXELS: "8000",
      },
    });
  });
  afterAll(() => mesh?.[Symbol.asyncDispose]());

  test.each(operations)("hold for $$case, in a direct call and in a job", async (operation) => {
    const [many, large] = [await png(101, 100), await noise(90, 90)];
    const [small, tiff] = [await png(40, 30), await flat(40, 30).tiff().toBuffer()];
    const job = (bytes: Uint8Array) => runJob(mesh.client, bytes, [operation]);
    for (const call of [(bytes: Uint8Array) => callDirect(mesh, operation, bytes), job]) {
      expect(await failure(call(many))).toMatchObject({
        reason: "IMAGE_TOO_MANY_PIXELS",
        metadata: { limit: "10000" },
      });
      expect(await failure(call(large))).toMatchObject({ reason: "IMAGE_TOO_MANY_BYTES" });
      expect(await failure(call(tiff))).toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
    }
    // 95 × 95 is allowed as input and above the limit of outputs; prescale shrinks it.
    const wide = await png(95, 95);
    if (operation.$case === "prescale") {
      expect((await callDirect(mesh, operation, wide)).header).toMatchObject({ widthPx: 64, heightPx: 64 });
    } else {
      expect(await failure(callDirect(mesh, operation, wide))).toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
      expect(await failure(job(wide))).toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
    }
    expect((await callDirect(mesh, operation, small)).bytes.length).toBeGreaterThan(0);
    expect((await job(small)).state).toBe(JobState.SUCCEEDED);
  });

  test("hold for a preview", async () => {
    const effects = mesh.processes().find(({ name }) => name === "effects")?.grpc ?? "";
    const connection = connectRpc(effects, { timeoutMs: 60_000 });
    const preview = async (picture: Uint8Array) => {
      const operation = effect.$case === "applyEffects" ? effect.value : { effects: [] };
      return connection.client(EffectsServiceDefinition).previewEffects({ picture, operation, maxSidePx: 32 });
    };
    expect(await failure(preview(await png(101, 100)))).toMatchObject({ reason: "IMAGE_TOO_MANY_PIXELS" });
    expect((await preview(await png(100, 100))).header).toMatchObject({ widthPx: 32, heightPx: 32 });
    connection.close();
  });

  test("do not stop a job that an ingest with higher limits has accepted", async () => {
    await using bus = await connectTestBus(mesh.brokerUrl());
    const env = {
      PIXELMESH_INGEST_MAX_PIXELS: "1000000",
      PIXELMESH_INGEST_MAX_UPLOAD: "1MiB",
      PIXELMESH_MAX_OUTPUT_PIXELS: "1000000",
      PIXELMESH_ALLOW_TIFF: "true",
    };
    await using ingest = await startReplica(mesh, bus, "ingest", { env });
    const client = connectPixelmesh({ address: ingest.address });
    const bytes = await flat(120, 110).tiff().toBuffer();
    const job = await runJob(client, bytes, [...operations, replace]);
    client.close();
    expect(job.state).toBe(JobState.SUCCEEDED);
  });
});

describe("raised limits", () => {
  let mesh: TestMesh;
  let modelsDir: string;
  beforeAll(async () => {
    modelsDir = mkdtempSync(join(tmpdir(), "models-"));
    writeFileSync(join(modelsDir, "manifest.json"), writePair(modelsDir, replicatingUpscaler, replicatingUpscaler));
    mesh = await startTestMesh({
      modelsDirs: [modelsDir],
      env: {
        PIXELMESH_INGEST_MAX_PIXELS: "60000000",
        PIXELMESH_INGEST_MAX_UPLOAD: "80MiB",
        PIXELMESH_MAX_OUTPUT_PIXELS: "110000000",
        PIXELMESH_ALLOW_TIFF: "true",
      },
    });
  });
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    rmSync(modelsDir, { recursive: true, force: true });
  });

  test.each(operations)("admit TIFF to $$case, in a direct call and in a job", async (operation) => {
    const bytes = await flat(40, 30).tiff().toBuffer();
    expect((await callDirect(mesh, operation, bytes)).header.format).toBe(ImageFormat.PNG);
    expect((await runJob(mesh.client, bytes, [operation])).state).toBe(JobState.SUCCEEDED);
  });

  test("admit more input pixels than the default, for effects and cut-outs", async () => {
    const bytes = await flat(7_150, 7_050).jpeg().toBuffer();
    const shrink: Operation = { $case: "prescale", value: { maxSidePx: 100, maxPixels: 0 } };
    expect((await callDirect(mesh, shrink, bytes)).header).toMatchObject({ widthPx: 100, heightPx: 99 });
    expect((await callDirect(mesh, effect, bytes)).header).toMatchObject({ widthPx: 7_150, heightPx: 7_050 });
    const cutOut: Operation = { $case: "removeBackground", value: { model: "pixelmesh-matte" } };
    const job = await runJob(mesh.client, bytes, [cutOut]);
    expect(job.state).toBe(JobState.SUCCEEDED);
  });

  test("admit more output pixels than the default, for upscales", async () => {
    const bytes = await flat(5_100, 4_920).jpeg().toBuffer();
    const double: Operation = { $case: "upscale", value: { scale: 2, model: "strong" } };
    const jpeg = { format: ImageFormat.JPEG, quality: 0, lossless: false, background: "" };
    const { header } = await callDirect(mesh, double, bytes, jpeg);
    expect(header).toMatchObject({ widthPx: 10_200, heightPx: 9_840 });
  });
});

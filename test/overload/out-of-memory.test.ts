import { JobState } from "@pixelmesh/client";
import { decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";
import { ErrorReason, ImageFormat, UpscaleServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { downloadFrame, robot, step } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;

const model = "pixelmesh-sr-x2";
const upscaleStep = step("up", { $case: "upscale", value: { scale: 2, model } });
const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
const processOf = (mesh: Mesh) => mesh.processes().find(({ name }) => name === "upscale")!;

/** A new picture of noise, for which no result is stored. */
function drawPicture(width: number, height: number): Promise<Buffer> {
  const noise = { type: "gaussian" as const, mean: 128, sigma: 30 };
  const background = { r: Math.floor(Math.random() * 256), g: 90, b: 30 };
  return sharp({ create: { width, height, channels: 3, background, noise } })
    .blur(1.2)
    .png()
    .toBuffer();
}

function connectUpscale(mesh: Mesh) {
  const connection = connectRpc(processOf(mesh).grpc ?? "", { timeoutMs: 60_000 });
  onTestFinished(connection.close);
  return connection.client(UpscaleServiceDefinition);
}

/** Returns the result of a direct call. */
async function upscaleDirectly(mesh: Mesh, picture: Uint8Array): Promise<Frame> {
  const chunks: Uint8Array[] = [];
  async function* upload() {
    const header = { operation: { scale: 2, model }, encoding: png };
    yield { part: { $case: "header" as const, value: header } };
    for (const value of toChunks(picture)) yield { part: { $case: "chunk" as const, value } };
  }
  for await (const { part } of connectUpscale(mesh).upscaleImage(upload())) {
    if (part?.$case === "chunk") chunks.push(part.value);
  }
  return (await decodePicture(Buffer.concat(chunks), defaultLimits)).frame;
}

/** Value of a metric of a service; 0 where it is missing. */
async function metricOf(mesh: Mesh, name: string, service = "upscale"): Promise<number> {
  const url = mesh.processes().find((each) => each.name === service)?.metrics ?? "";
  const page = await (await fetch(url)).text();
  const line = page.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}
const oomCount = (mesh: Mesh, then: string) =>
  metricOf(mesh, `pixelmesh_out_of_memory_total{operation="upscale",action="${then}"}`);
const tileCount = (mesh: Mesh, outcome: string) =>
  metricOf(mesh, `pixelmesh_tile_seconds_count{model="${model}",outcome="${outcome}"}`);

describe("a step whose tiles fail", () => {
  test("continues from the failed tile, smaller or on a fresh host, with the same picture, bit for bit", async () => {
    // The second tile runs out of memory. When it is split, its second part returns NaN.
    const faults = "oom:run=2:generations=1,nan:run=2:generations=2";
    await using mesh = await startTestMesh({ env: { PIXELMESH_UPSCALE_HOST_FAULTS: faults } });
    // Two tiles of the largest height for 768, one below the other.
    const picture = await drawPicture(160, 2_800);
    const job = await mesh.client.jobs.create({
      pipeline: { steps: [upscaleStep], outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }] },
      pictures: [{ bytes: picture }],
      noCache: true,
    });
    const ended = await mesh.client.jobs.wait(job.id);
    expect(ended).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
    expect(ended.steps[0]).toMatchObject({ attempt: 1 });
    expect(await oomCount(mesh, "smaller")).toBe(1);
    expect(await tileCount(mesh, "out_of_memory")).toBe(1);
    expect(await tileCount(mesh, "invalid")).toBe(1);
    // One tile of 768, and the failed one as two of 512. The whole picture in tiles of 512 would be three.
    expect(await tileCount(mesh, "ok")).toBe(3);
    const clean = await upscaleDirectly(mesh, picture);
    expect(await tileCount(mesh, "ok")).toBe(5);
    expect(await tileCount(mesh, "invalid")).toBe(1);
    const got = await downloadFrame(mesh.client, ended, "result");
    expect([got.widthPx, got.heightPx]).toEqual([320, 5_600]);
    expect(Buffer.compare(got.data, clean.data)).toBe(0);
  });

  test("fails with a reason after two smaller options and one run alone, for jobs and direct calls, without effect on other work", async () => {
    await using mesh = await startTestMesh({
      env: {
        PIXELMESH_UPSCALE_HOST_FAULTS: "oom:above=64",
        PIXELMESH_UPSCALE_PRELOAD: model,
        PIXELMESH_BACKGROUND_HOST_FAULTS: "oom:run=1:generations=1",
      },
    });
    const picture = await drawPicture(1_100, 160);
    const create = (bytes: Uint8Array) =>
      mesh.client.jobs.create({ pipeline: { steps: [upscaleStep] }, pictures: [{ bytes }], noCache: true });
    const ended = await mesh.client.jobs.wait((await create(picture)).id);
    expect(ended.state).toBe(JobState.FAILED);
    expect(ended.error?.reason).toBe(ErrorReason.OUT_OF_MEMORY);
    const counts = async () => [
      await oomCount(mesh, "smaller"),
      await oomCount(mesh, "alone"),
      await oomCount(mesh, "failed"),
    ];
    expect(await counts()).toEqual([2, 1, 1]);
    await expect(upscaleDirectly(mesh, picture)).rejects.toMatchObject({ reason: "OUT_OF_MEMORY" });
    expect(await counts()).toEqual([4, 2, 2]);
    const small = await mesh.client.jobs.wait((await create(await drawPicture(60, 40))).id);
    expect(small.state).toBe(JobState.SUCCEEDED);
    await expect.poll(async () => (await mesh.client.cluster()).slots, { timeout: 20_000 }).toEqual([]);

    // A matte has one size: it is retried alone.
    const cutOut = await mesh.client.jobs.create({
      pipeline: { steps: [step("cut", { $case: "removeBackground", value: { model: "pixelmesh-matte" } })] },
      pictures: [{ bytes: robot }],
      noCache: true,
    });
    expect((await mesh.client.jobs.wait(cutOut.id)).state).toBe(JobState.SUCCEEDED);
    const alone = 'pixelmesh_out_of_memory_total{operation="removeBackground",action="alone"}';
    expect(await metricOf(mesh, alone, "background")).toBe(1);

    // Preloaded models were loaded again each time.
    const upscale = connectUpscale(mesh);
    const look = async () => (await upscale.listModels({})).models.find(({ name }) => name === model)!;
    await expect.poll(look, { timeout: 30_000, interval: 200 }).toMatchObject({ loaded: true, pinned: true });
    const unloaded = await upscale.unloadModel({ name: model });
    expect(unloaded.wasLoaded).toBe(true);
    expect(unloaded.memoryBeforeBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(unloaded.memoryAfterBytes).toBeLessThan(unloaded.memoryBeforeBytes);
    expect(await look()).toMatchObject({ loaded: false, pinned: false, residentBytes: 0 });
    const loaded = await upscale.loadModel({ name: model });
    expect(loaded.memoryAfterBytes).toBeGreaterThan(0);
    expect(loaded.model).toMatchObject({ loaded: true, pinned: false, provider: "cpu" });
    await expect(upscale.loadModel({ name: "u2netp" })).rejects.toMatchObject({ reason: "UNKNOWN_MODEL" });
    await expect(upscale.unloadModel({ name: "nothing" })).rejects.toMatchObject({ reason: "UNKNOWN_MODEL" });
  });
});

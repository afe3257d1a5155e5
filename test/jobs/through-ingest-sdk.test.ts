import { type AppError, ImageFormat, type Pixelmesh, PreviewMode } from "@pixelmesh/client";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { EffectsServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

const effects = [{ name: "black_and_white", parameters: {} }];
const encoding = { format: ImageFormat.PNG };

let mesh: HeldMesh;
let client: Pixelmesh;
beforeAll(async () => {
  mesh = await startHeldMesh();
  client = mesh.client;
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

async function frameOf(chunks: AsyncIterable<Uint8Array>) {
  return (await decodePicture(Buffer.concat(await Array.fromAsync(chunks)), defaultLimits)).frame;
}

test("a direct call has the pixels of the job with the same step, and needs no other address", async () => {
  const pipeline = {
    steps: [effectStep("fx", "black_and_white")],
    outputs: [{ name: "result", from: { $case: "step" as const, value: "fx" }, encoding }],
  };
  const created = await client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
  const job = await client.jobs.wait(created.id);
  const made = (await decodePicture(await download(client, job, job.outputs[0]?.name ?? ""), defaultLimits)).frame;
  const progress: number[] = [];
  const onProgress = (fraction: number) => progress.push(fraction);
  const { header, chunks } = await client.applyEffects(robot, { effects }, { encoding, onProgress });
  expect(header).toMatchObject({ format: ImageFormat.PNG, widthPx: 400, heightPx: 480 });
  expect(Buffer.from((await frameOf(chunks)).data).equals(Buffer.from(made.data))).toBe(true);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

test("upscale, removeBackground, prescale and inspect work through ingest", async () => {
  async function* open() {
    yield* toChunks(robot, 5_000);
  }
  const larger = await client.upscale({ open }, { scale: 2, model: "pixelmesh-sr-x2" }, { encoding });
  expect(await frameOf(larger.chunks)).toMatchObject({ widthPx: 800, heightPx: 960 });
  const replace = { background: { $case: "color" as const, value: "#112233" } };
  const cut = await client.removeBackground(robot, {}, { encoding, replace });
  expect([...(await frameOf(cut.chunks)).data.subarray(0, 3)]).toEqual([0x11, 0x22, 0x33]);
  const smaller = await client.prescale(robot, { maxSidePx: 120 }, { encoding });
  expect(await frameOf(smaller.chunks)).toMatchObject({ widthPx: 100, heightPx: 120 });
  expect(await client.inspect(robot)).toMatchObject({ widthPx: 400, heightPx: 480, format: ImageFormat.JPEG });
  await expect(client.upscale(robot, { scale: 7 })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
    fields: [{ field: "operation.scale" }],
  });
});

test("a picture of more than 3 MiB is previewed, and is named by its digest from then on", async () => {
  const noise = { width: 1_600, height: 1_600, channels: 3 as const };
  const source = await sharp({
    create: { ...noise, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 60 } },
  })
    .png()
    .toBuffer();
  expect(source.length).toBeGreaterThan(3 * 1024 * 1024);
  const first = await client.previewEffects({ source, effects, encoding, mode: PreviewMode.BALANCED });
  expect(first.header).toMatchObject({ widthPx: 500, heightPx: 500 });
  const named = { source: { sha256: first.sourceSha256 }, effects, encoding };
  expect((await client.previewEffects({ ...named, mode: PreviewMode.BALANCED })).bytes).toEqual(first.bytes);
  expect((await client.previewEffects({ ...named, maxSidePx: 64 })).header).toMatchObject({
    widthPx: 64,
    heightPx: 64,
  });
});

test("a worker that dies is named, and the SDK repeats the call at the next one", async () => {
  const chain = { effects: Array.from({ length: 15 }, () => ({ name: "pop_art", parameters: {} })) };
  const busy = async () => (await client.cluster()).slots.map(({ service }) => service);
  const started = () => expect.poll(busy, { interval: 20, timeout: 30_000 }).toContain("effects");
  const connection = connectRpc(mesh.address);
  async function* upload() {
    yield { part: { $case: "header" as const, value: { operation: chain } } };
    for (const value of toChunks(robot)) yield { part: { $case: "chunk" as const, value } };
  }
  mesh.hold();
  const bare = Array.fromAsync(connection.client(EffectsServiceDefinition).applyEffects(upload())).then(
    () => undefined,
    (error: unknown) => error as AppError,
  );
  const repeated = client.applyEffects(robot, chain, { encoding });
  await started();
  mesh.kill("effects");
  expect(await bare).toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    metadata: { service: "effects" },
    retryAfterMs: 1_000,
  });
  connection.close();
  mesh.release();
  expect(await frameOf((await repeated).chunks)).toMatchObject({ widthPx: 400, heightPx: 480 });
});

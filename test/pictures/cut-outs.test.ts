import { type Job, JobState } from "@pixelmesh/client";
import { createFrame } from "@pixelmesh/imaging";
import { CutOutResult, ExistingAlpha, ImageFormat, Refinement, type RemoveBackgroundOperation } from "@pixelmesh/proto";
import { compareMatte, startTestMesh, type TestMesh, testPicture } from "@pixelmesh/testing";
import { download, step } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callDirect } from "../support/direct-calls.ts";

const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh();
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

type Cut = { readonly job: Job; readonly bytes: Buffer; readonly notices: readonly string[] };

/** Runs one cut-out as a job. */
async function cutOut(picture: Uint8Array, settings: Partial<RemoveBackgroundOperation> = {}): Promise<Cut> {
  const { client } = mesh;
  const value = { model: "", ...settings };
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [step("cut", { $case: "removeBackground", value })],
      outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
    },
    pictures: [{ bytes: picture }],
  });
  const job = await client.jobs.wait(id);
  expect(job.error).toBeUndefined();
  expect(job.state).toBe(JobState.SUCCEEDED);
  const notices = job.notices.map(({ kind }) => kind);
  return { job, bytes: Buffer.from(await download(client, job, "result")), notices };
}

const pixelsOf = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer({ resolveWithObject: true });

test("a picture without an object becomes transparent with a notice, as a job and as a direct call", async () => {
  for (const background of ["#ffffff", "#3060c0"]) {
    const plain = await sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .png()
      .toBuffer();
    const { bytes, notices } = await cutOut(plain);
    expect(notices).toContain("no_object");
    const { data, info } = await pixelsOf(bytes);
    expect(info).toMatchObject({ width: 300, height: 200, channels: 4 });
    expect(data.every((sample) => sample === 0)).toBe(true);
    const operation = { $case: "removeBackground", value: { model: "" } } as const;
    const { header } = await callDirect(mesh, operation, plain, png);
    expect(header.notices.map(({ kind }) => kind)).toContain("no_object");
    expect(header.confidence).toBe(0);
  }
});

test("a cut-out of a cut-out is the same picture, unless its alpha is to be replaced", async () => {
  const { bytes: scene } = await testPicture("portrait-object.jpg");
  const { job: ofScene, bytes: first, notices: none } = await cutOut(scene);
  expect(none).not.toContain("already_cut_out");
  expect(ofScene.steps[0]?.confidence).toBeGreaterThan(0.5);
  const { job: ofCutOut, bytes: second, notices } = await cutOut(first);
  expect(notices).toContain("already_cut_out");
  // No model ran.
  expect(ofCutOut.steps[0]?.confidence).toBeUndefined();
  expect(Buffer.compare((await pixelsOf(second)).data, (await pixelsOf(first)).data)).toBe(0);
  const { notices: replaced } = await cutOut(first, { existingAlpha: ExistingAlpha.REPLACE });
  expect(replaced).not.toContain("already_cut_out");
});

test("the matte alone is the alpha of the cut-out, and a region bounds it", async () => {
  const { bytes: scene } = await testPicture("portrait-object.jpg");
  const { width = 0, height = 0 } = await sharp(scene).metadata();
  const { bytes: matte } = await cutOut(scene, { result: CutOutResult.MATTE });
  const { bytes: cut } = await cutOut(scene);
  const alpha = await sharp(cut).extractChannel(3).raw().toBuffer();
  expect(Buffer.compare(await sharp(matte).extractChannel(0).raw().toBuffer(), alpha)).toBe(0);
  const region = { leftPx: Math.floor(width / 4), topPx: 0, widthPx: Math.floor(width / 2), heightPx: height };
  const { bytes: part } = await cutOut(scene, { region });
  const { data, info } = await pixelsOf(part);
  expect(info).toMatchObject({ width, height, channels: 4 });
  const visible = new Set<number>();
  for (let i = 0; i < width * height; i++) if ((data[i * 4 + 3] as number) > 0) visible.add(i % width);
  expect(Math.min(...visible)).toBeGreaterThanOrEqual(region.leftPx);
  expect(Math.max(...visible)).toBeLessThan(region.leftPx + region.widthPx);
  expect(visible.size).toBeGreaterThan(20);
});

test("a matte that is not refined is softer than a fitted one, as a job and as a direct call", async () => {
  const { bytes: scene } = await testPicture("portrait-object.jpg");
  const { frame: mask } = await testPicture("portrait-object.mask.png");
  const settings = { result: CutOutResult.MATTE, refine: Refinement.NONE };
  const greys = async (bytes: Uint8Array) => sharp(bytes).extractChannel(0).raw().toBuffer();
  const raw = await greys((await cutOut(scene, settings)).bytes);
  const { bytes: fitted } = await cutOut(scene, { result: CutOutResult.MATTE });
  const { job } = await cutOut(scene, { result: CutOutResult.MATTE, refine: Refinement.GUIDED });
  expect(job.steps[0]?.cached).toBe(true);
  const operation = { $case: "removeBackground", value: { model: "", ...settings } } as const;
  expect(Buffer.compare(await greys((await callDirect(mesh, operation, scene, png)).bytes), raw)).toBe(0);
  // Certain pixels are 0 or 255. The model's own values rarely are.
  const certain = (grey: Buffer) => grey.filter((value) => value === 0 || value === 255).length / grey.length;
  expect(certain(raw)).toBeLessThan(certain(await greys(fitted)) - 0.2);
  const alpha = Float32Array.from(raw, (value) => value / 255);
  expect(compareMatte(alpha, mask).iou).toBeGreaterThan(0.8);
});

test("a region outside of the picture is refused before there is a job", async () => {
  const { bytes: scene } = await testPicture("portrait-object.jpg");
  const region = { leftPx: 16_000, topPx: 0, widthPx: 5, heightPx: 5 };
  const operation = { $case: "removeBackground", value: { model: "", region } } as const;
  const refused = { reason: "INVALID_ARGUMENT", message: expect.stringContaining("a box that overlaps the picture") };
  await expect(cutOut(scene, { region })).rejects.toMatchObject(refused);
  await expect(callDirect(mesh, operation, scene, png)).rejects.toMatchObject(refused);
});

type Odd = { readonly what: string; readonly draw: () => Promise<Buffer>; readonly size: readonly [number, number] };

const flat = (width: number, height: number, channels: 3 | 4, background: string) =>
  sharp({ create: { width, height, channels, background } }).png().toBuffer();
/** An example picture at another size. */
async function scaled(width: number, height: number): Promise<Buffer> {
  const { bytes } = await testPicture("portrait-object.jpg");
  return sharp(bytes).resize(width, height, { fit: "fill" }).png().toBuffer();
}
/** An animation of two frames; the second one is black. */
async function animation(): Promise<Buffer> {
  const frames = [await scaled(60, 80), await flat(60, 80, 3, "#000000")];
  return sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
}
const odd: readonly Odd[] = [
  { what: "of one pixel", draw: () => flat(1, 1, 3, "#804020"), size: [1, 1] },
  { what: "of one row", draw: () => scaled(90, 1), size: [90, 1] },
  { what: "smaller than 16 px", draw: () => scaled(15, 9), size: [15, 9] },
  { what: "that is fully transparent", draw: () => flat(80, 50, 4, "#00000000"), size: [80, 50] },
  { what: "of one colour", draw: () => flat(80, 50, 3, "#77aa33"), size: [80, 50] },
  { what: "20 times as wide as high", draw: () => scaled(2_000, 100), size: [2_000, 100] },
  { what: "20 times as high as wide", draw: () => scaled(100, 2_000), size: [100, 2_000] },
  { what: "that is animated", draw: animation, size: [60, 80] },
];

test.each(odd)("a picture $what is cut out at its size", async ({ draw, size }) => {
  const { bytes } = await cutOut(await draw());
  const { data, info } = await pixelsOf(bytes);
  expect([info.width, info.height, info.channels]).toEqual([...size, 4]);
  // Invisible pixels have no colour of their own, so files stay small and nothing hidden is passed on.
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] === 0) expect([...data.subarray(at, at + 3)]).toEqual([0, 0, 0]);
});

test("an object that touches all borders is found", async () => {
  const { bytes } = await testPicture("portrait-object.jpg");
  const { frame: mask } = await testPicture("portrait-object.mask.png");
  // The box around the object.
  const { data, info } = await sharp(mask.data, {
    raw: { width: mask.widthPx, height: mask.heightPx, channels: mask.channels },
  })
    .extractChannel(0)
    .trim({ background: "#000000", threshold: 128 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [left, top] = [-(info.trimOffsetLeft ?? 0), -(info.trimOffsetTop ?? 0)];
  const box = await sharp(bytes).extract({ left, top, width: info.width, height: info.height }).png().toBuffer();
  const { bytes: cut } = await cutOut(box);
  const alpha = await sharp(cut).extractChannel(3).raw().toBuffer();
  const truth = createFrame(info.width, info.height, 1, new Uint8Array(data));
  const { iou } = compareMatte(
    Float32Array.from(alpha, (value) => value / 255),
    truth,
  );
  expect(iou).toBeGreaterThan(0.8);
});

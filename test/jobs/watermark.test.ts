import { type AppError, ImageFormat, JobState, type Pixelmesh } from "@pixelmesh/client";
import { decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";
import type { Effect } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

const encoding = { format: ImageFormat.PNG };
const number = (value: number) => ({ kind: { $case: "number" as const, value } });
const text = (value: string) => ({ kind: { $case: "text" as const, value } });

/** Marks of a fifth of the width at a place, opaque. */
const mark = (place: number, position: string): Effect => ({
  name: "watermark",
  parameters: {
    picture: { kind: { $case: "input", value: place } },
    position: text(position),
    size: number(20),
    margin: number(0),
    opacity: number(100),
  },
});

let mesh: TestMesh;
let client: Pixelmesh;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
  client = mesh.client;
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

const flat = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();

function pixelAt({ data, channels, widthPx }: Frame, x: number, y: number): number[] {
  const at = (y * widthPx + x) * channels;
  return [...data.subarray(at, at + 3)];
}

const upload = (value: string) => ({ from: { $case: "upload" as const, value } });

async function run(effects: readonly Effect[], inputs: readonly string[], names: readonly string[]): Promise<Frame> {
  const pictures = await Promise.all([
    flat(200, 100, "#101010").then((bytes) => ({ name: "source", bytes })),
    ...names.map(async (name) => ({ name, bytes: await flat(400, 200, name) })),
  ]);
  const value = { effects: [...effects] };
  const step = { id: "marks", inputs: inputs.map(upload), operation: { $case: "applyEffects" as const, value } };
  const pipeline = {
    steps: [step],
    outputs: [{ name: "result", from: { $case: "step" as const, value: "marks" }, encoding }],
  };
  const job = await client.jobs.wait((await client.jobs.create({ pipeline, pictures })).id);
  expect(job.error).toBeUndefined();
  expect(job.state).toBe(JobState.SUCCEEDED);
  return (await decodePicture(await download(client, job, "result"), defaultLimits)).frame;
}

test("a job lays its further pictures over the first one, each at its place", async () => {
  const effects = [mark(1, "top_left"), mark(2, "bottom_right"), mark(1, "center")];
  const frame = await run(effects, ["source", "red", "lime"], ["red", "lime"]);
  expect([frame.widthPx, frame.heightPx]).toEqual([200, 100]);
  expect(pixelAt(frame, 5, 5)).toEqual([255, 0, 0]);
  expect(pixelAt(frame, 100, 50)).toEqual([255, 0, 0]);
  expect(pixelAt(frame, 195, 95)).toEqual([0, 255, 0]);
  expect(pixelAt(frame, 45, 50)).toEqual([16, 16, 16]);
});

test("the picture itself may be its mark", async () => {
  const effects = [mark(1, "top_left"), mark(2, "bottom_right")];
  const frame = await run(effects, ["source", "source", "blue"], ["blue"]);
  expect(pixelAt(frame, 5, 5)).toEqual([16, 16, 16]);
  expect(pixelAt(frame, 195, 95)).toEqual([0, 0, 255]);
});

test("a step with other inputs than its effects take is refused before the job exists", async () => {
  const failure = run([mark(1, "top")], ["source"], []).catch((error: AppError) => error);
  expect(await failure).toMatchObject({
    reason: "INVALID_PIPELINE",
    message: expect.stringContaining("pipeline.steps[0].inputs"),
  });
});

test("calls without a job have no further picture and say so", async () => {
  const picture = await flat(60, 40, "#101010");
  const effects = [mark(1, "top")];
  const wanted = { reason: "INVALID_ARGUMENT", fields: [{ field: "watermark.picture" }] };
  await expect(client.previewEffects({ source: picture, effects, encoding })).rejects.toMatchObject(wanted);
  const call = async () => {
    const { chunks } = await client.applyEffects(picture, { effects }, { encoding });
    return Array.fromAsync(chunks);
  };
  await expect(call()).rejects.toMatchObject(wanted);
});

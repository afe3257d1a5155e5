import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Job, JobState } from "@pixelmesh/client";
import {
  ErrorReason,
  ExistingAlpha,
  ImageFormat,
  LowConfidence,
  type RemoveBackgroundOperation,
} from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, robot, step } from "@pixelmesh/testing/jobs";
import { dataDir, type OnnxGraph, toOnnxBytes } from "@pixelmesh/testing/models";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callDirect } from "../support/direct-calls.ts";

const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
const sidePx = 64;

/** The red channel times `weight`. On a red square it has `weight` everywhere, and so this confidence if it is at least one half. */
function redTimes(weight: number, side: number): OnnxGraph {
  const data = Float32Array.of(weight, 0, 0);
  return {
    inputs: [{ name: "x", shape: [1, 3, side, side] }],
    outputs: [{ name: "y", shape: [1, 1, side, side] }],
    constants: [{ name: "w", dims: [1, 3, 1, 1], data }],
    nodes: [{ operator: "Conv", inputs: ["x", "w"], outputs: ["y"], attributes: { kernel_shape: [1, 1] } }],
  };
}
/** Its values are no numbers, so a host refuses to load it. */
function broken(side: number): OnnxGraph {
  const { inputs, outputs } = redTimes(1, side);
  const nodes = [
    { operator: "Sub", inputs: ["x", "x"], outputs: ["zero"] },
    { operator: "Div", inputs: ["zero", "zero"], outputs: ["nan"] },
    { operator: "Conv", inputs: ["nan", "w"], outputs: ["y"], attributes: { kernel_shape: [1, 1] } },
  ];
  return { inputs, outputs, constants: redTimes(1, side).constants, nodes };
}

type Tiny = { readonly graph: OnnxGraph; readonly side: number; readonly residentBytes: number };
const tiny = (weight: number): Tiny => ({ graph: redTimes(weight, sidePx), side: sidePx, residentBytes: 1_000_000 });

/** From the smallest file to the largest. */
const models: Readonly<Record<string, Tiny>> = {
  small: tiny(0.6),
  middle: tiny(0.55),
  large: tiny(0.9),
  broken: { ...tiny(1), graph: broken(sidePx) },
  // More memory than any machine has: no device fits.
  giant: { ...tiny(1), residentBytes: 2 ** 50 },
  // Its runs are above the size from which the test's hosts run out of memory.
  greedy: { ...tiny(1), graph: redTimes(1, 448), side: 448 },
  top: tiny(0.95),
};
const hostFaults = "oom:above=400";

async function writeModels(dir: string): Promise<void> {
  const entries = await Promise.all(
    Object.entries(models).map(async ([name, { graph, side, residentBytes }], at) => {
      // Unused weights make the file larger.
      const length = 1 + at * 5_000;
      const ballast = { name: "ballast", dims: [length], data: new Float32Array(length) };
      await writeFile(join(dir, `${name}.onnx`), toOnnxBytes({ ...graph, constants: [...graph.constants, ballast] }));
      return {
        ...{ name, task: "matte", scale: 1, file: `${name}.onnx`, sha256: null, sizeBytes: null, sourceUrl: null },
        input: {
          ...{ name: "x", layout: "nchw", channels: "rgb", range: "unit" },
          fixedSizePx: { widthPx: side, heightPx: side },
        },
        output: { name: "y", layout: "nchw", range: "unit" },
        ...{ licence: "MIT", haloPx: 0, receptiveRadiusPx: null, workClass: "light", preferredTilesPx: [side] },
        memory: { residentBytes, bytesPerInputPixel: 100 },
      };
    }),
  );
  await writeFile(join(dir, "manifest.json"), JSON.stringify({ version: 1, models: entries }));
}

let mesh: TestMesh;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "confidence-"));
  await writeModels(dir);
  const modelsDirs = [dir, ...(dataDir === null ? [] : [join(dataDir, "models")])];
  const services = ["storage", "scheduler", "ingest", "background"] as const;
  mesh = await startTestMesh({ modelsDirs, services, env: { PIXELMESH_BACKGROUND_HOST_FAULTS: hostFaults } });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** A red square on black, of the size of the models. Each `seed` is another picture. */
function redSquare(seed: number): Promise<Buffer> {
  const data = new Uint8Array(sidePx * sidePx * 3);
  for (let y = 16; y < 48; y++) for (let x = 16; x < 48; x++) data[(y * sidePx + x) * 3] = 255;
  data[2] = seed;
  return sharp(data, { raw: { width: sidePx, height: sidePx, channels: 3 } })
    .png()
    .toBuffer();
}

type Settings = Partial<RemoveBackgroundOperation>;

async function cutOut(picture: Uint8Array, settings: Settings, allowDegraded = false): Promise<Job> {
  const value = { model: "", ...settings };
  const { id } = await mesh.client.jobs.create({
    pipeline: {
      steps: [step("cut", { $case: "removeBackground", value })],
      outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
    },
    pictures: [{ bytes: picture }],
    allowDegraded,
  });
  return mesh.client.jobs.wait(id);
}
const cutDirect = (picture: Uint8Array, settings: Settings) =>
  callDirect(mesh, { $case: "removeBackground", value: { model: "", ...settings } }, picture, png);
const kindsOf = ({ notices }: { readonly notices: readonly { readonly kind: string }[] }) =>
  notices.map(({ kind }) => kind);
const bytesOf = (job: Job) => download(mesh.client, job, "result");
/** How often the step of a job began to run. */
const startsOf = ({ id }: Job) =>
  mesh
    .logs("background")
    .split("\n")
    .filter((line) => line.includes('"step started"') && line.includes(id)).length;

/** The first job ran once, and the second one took what is stored. */
async function expectStarts(first: Job, second: Job): Promise<void> {
  await expect.poll(() => startsOf(first), { timeout: 20_000 }).toBe(1);
  expect(startsOf(second)).toBe(0);
}

test("a cut-out of low confidence is made by the next larger model that reaches the bound, and is cached", async () => {
  const picture = await redSquare(1);
  const bound = { model: "small", minConfidence: 0.8 };
  const job = await cutOut(picture, bound);
  expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
  expect(job.steps[0]).toMatchObject({ model: "large", cached: false, provider: "cpu" });
  expect(job.steps[0]?.confidence).toBeCloseTo(0.9, 5);
  expect(job.notices.map(({ stepId, kind, text }) => [stepId, kind, text])).toEqual([
    [
      "cut",
      "larger_model",
      "The cut-out by small has a confidence of 0.6, below min_confidence 0.8, so middle was tried: it has 0.55",
    ],
    [
      "cut",
      "larger_model",
      "The cut-out by middle has a confidence of 0.55, below min_confidence 0.8, so large was tried: it has 0.899",
    ],
  ]);
  const again = await cutOut(picture, bound);
  expect(again.steps[0]).toMatchObject({ model: "large", cached: true });
  await expectStarts(job, again);
  expect(kindsOf(again)).toEqual(kindsOf(job));
  // The result is that of the larger model, bit for bit, as a job and as a direct call.
  const plain = await cutOut(picture, { model: "large" });
  expect(plain.steps[0]?.cached).toBe(false);
  const { header, bytes } = await cutDirect(picture, bound);
  expect(header.confidence).toBeCloseTo(0.9, 5);
  expect(kindsOf(header)).toEqual(["larger_model", "larger_model"]);
  for (const other of [await bytesOf(plain), bytes]) expect(Buffer.compare(await bytesOf(job), other)).toBe(0);
});

test("models that cannot be loaded, fit no device or run out of memory are left out with a notice, and such a result is not cached", async () => {
  const picture = await redSquare(2);
  const bound = { model: "large", minConfidence: 0.93 };
  const job = await cutOut(picture, bound);
  expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
  expect(job.steps[0]?.model).toBe("top");
  const skipped = "larger_model_skipped";
  expect(kindsOf(job)).toEqual([skipped, skipped, skipped, "larger_model"]);
  const named = job.notices.map(({ text }) => /model (\w+) could not/.exec(text)?.[1]);
  expect(named.slice(0, 3)).toEqual(["broken", "giant", "greedy"]);
  const again = await cutOut(picture, bound);
  expect(again.steps[0]).toMatchObject({ model: "top", cached: false });
  await expect.poll(() => startsOf(again), { timeout: 20_000 }).toBe(1);
  expect(kindsOf((await cutDirect(picture, bound)).header)).toEqual(kindsOf(job));
});

test("where no model reaches the bound, the most confident cut-out is the result, with a notice", async () => {
  const picture = await redSquare(3);
  // Of the four next larger models, two cannot be used.
  const job = await cutOut(picture, { model: "small", minConfidence: 0.99 }, true);
  expect(job.steps[0]).toMatchObject({ model: "large" });
  expect(job.adaptations).toEqual([]);
  expect(job.notices.at(-1)).toMatchObject({
    kind: "low_confidence",
    text: "The confidence of 0.899 is below min_confidence 0.99; this is the most confident cut-out of: small 0.6, middle 0.55, large 0.899",
  });
  const plain = await cutOut(picture, { model: "large" });
  expect(Buffer.compare(await bytesOf(job), await bytesOf(plain))).toBe(0);
});

test("on_low_confidence FAIL fails the step without another model, and equal steps too", async () => {
  const picture = await redSquare(4);
  const bound = { model: "small", minConfidence: 0.8, onLowConfidence: LowConfidence.FAIL };
  const wanted = {
    message:
      "Expected a cut-out with a confidence of at least `0.8` (min_confidence), got `0.6` from small; name a larger `model`, lower `min_confidence`, or set `on_low_confidence` to RETRY",
  };
  const job = await cutOut(picture, bound);
  expect(job.state).toBe(JobState.FAILED);
  expect(job.error).toMatchObject({ reason: ErrorReason.LOW_CONFIDENCE, ...wanted });
  const again = await cutOut(picture, bound);
  expect(again.error).toMatchObject(wanted);
  await expectStarts(job, again);
  await expect(cutDirect(picture, bound)).rejects.toMatchObject({ reason: "LOW_CONFIDENCE", ...wanted });
  // With another bound it is another step.
  expect((await cutOut(picture, { ...bound, minConfidence: 0.5 })).steps[0]).toMatchObject({ model: "small" });
});

test("a picture that is a cut-out already, or shows no object, passes any bound", async () => {
  const bound = { model: "small", minConfidence: 1, onLowConfidence: LowConfidence.FAIL };
  const plain = { width: 50, height: 40, channels: 4 } as const;
  const clear = await sharp({ create: { ...plain, background: "#ff000000" } })
    .png()
    .toBuffer();
  expect(kindsOf(await cutOut(clear, bound))).toEqual(["already_cut_out"]);
  const black = await sharp({ create: { ...plain, channels: 3, background: "#000000" } })
    .png()
    .toBuffer();
  expect(kindsOf(await cutOut(black, bound))).toEqual(["no_object"]);
  expect(kindsOf(await cutOut(clear, { ...bound, existingAlpha: ExistingAlpha.REPLACE }))).not.toContain("no_object");
});

test.runIf(dataDir)(
  "the bundled model is followed by u2netp, progress only grows, and the better one is used",
  async () => {
    const value = { model: "pixelmesh-matte", minConfidence: 1 };
    const { id } = await mesh.client.jobs.create({
      pipeline: {
        steps: [step("cut", { $case: "removeBackground", value })],
        outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
      },
      pictures: [{ bytes: robot }],
    });
    const seen: number[] = [];
    let job: Job | undefined;
    for await (job of mesh.client.jobs.watch(id)) seen.push(job.progress);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(kindsOf(job as Job)).toEqual(["larger_model", "low_confidence"]);
    const each = await Promise.all(
      ["pixelmesh-matte", "u2netp"].map(async (model) => ({ model, ...(await cutDirect(robot, { model })) })),
    );
    const best = each.reduce((a, b) => ((b.header.confidence ?? 0) > (a.header.confidence ?? 0) ? b : a));
    expect(job?.steps[0]).toMatchObject({ model: best.model, confidence: best.header.confidence });
    expect(Buffer.compare(await bytesOf(job as Job), best.bytes)).toBe(0);
  },
);

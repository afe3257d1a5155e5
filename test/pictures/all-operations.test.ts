import { fileURLToPath } from "node:url";
import { JobState } from "@pixelmesh/client";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { ImageFormat } from "@pixelmesh/proto";
import { compareMatte, findTestData, startTestMesh, toAlpha } from "@pixelmesh/testing";
import { downloadFrame, effectStep, readData, robot, robotMask, step } from "@pixelmesh/testing/jobs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;

const data = findTestData();
const png = { format: ImageFormat.PNG };

describe("one job with every operation", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startTestMesh(data ? { modelsDirs: [`${data}/models`] } : {});
  });
  afterAll(() => mesh?.[Symbol.asyncDispose]());

  const pipeline = {
    steps: [
      step("small", { $case: "prescale", value: { maxSidePx: 160, maxPixels: 0 } }),
      step("larger", { $case: "upscale", value: { scale: 4, model: "pixelmesh-sr-x4" } }),
      step("cut", { $case: "removeBackground", value: { model: "pixelmesh-matte" } }),
      step("green", { $case: "replaceBackground", value: { background: { $case: "color", value: "#00ff00" } } }),
      effectStep("bw", "black_and_white", {}, "larger"),
      effectStep("pop", "pop_art", {}, "larger"),
      effectStep("retro", "retro_8bit", {}, "larger"),
      effectStep("dots", "dither", { method: "floyd_steinberg", levels: 2 }, "larger"),
    ],
    outputs: ["small", "larger", "cut", "green", "bw", "pop", "retro", "dots"].map((name) => ({
      name,
      step: name,
      encoding: png,
    })),
  };

  test("produces the documented result of each step, and the same from the result cache the second time", async () => {
    const { client } = mesh;
    const started = await client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
    const job = await client.jobs.wait(started.id);
    expect(job.error).toBeUndefined();
    expect(job.state).toBe(JobState.SUCCEEDED);
    expect(job.progress).toBe(1);
    expect(job.steps.map(({ id, model, provider, cached }) => ({ id, model, provider, cached }))).toContainEqual({
      id: "larger",
      model: "pixelmesh-sr-x4",
      provider: "cpu",
      cached: false,
    });

    const small = await downloadFrame(client, job, "small");
    expect(small).toMatchObject({ widthPx: 133, heightPx: 160, channels: 3 });
    const larger = await downloadFrame(client, job, "larger");
    expect(larger).toMatchObject({ widthPx: 532, heightPx: 640, channels: 3 });

    // The whole picture through onnxruntime alone, without our code.
    const session = await InferenceSession.create(
      fileURLToPath(new URL("../../models/pixelmesh-sr-x4.onnx", import.meta.url)),
      {
        intraOpNumThreads: 2,
      },
    );
    const pixels = small.widthPx * small.heightPx;
    const input = Float32Array.from(
      { length: pixels * 3 },
      (_, at) => (small.data[(at % pixels) * 3 + Math.floor(at / pixels)] as number) / 255,
    );
    const results = await session.run({
      [session.inputNames[0] as string]: new Tensor("float32", input, [1, 3, small.heightPx, small.widthPx]),
    });
    const direct = results[session.outputNames[0] as string]?.data as Float32Array;
    const largerPixels = larger.widthPx * larger.heightPx;
    let greatest = 0;
    for (let at = 0; at < largerPixels * 3; at++) {
      const value = Math.min(255, Math.max(0, (direct[(at % 3) * largerPixels + Math.floor(at / 3)] as number) * 255));
      greatest = Math.max(greatest, Math.abs(value - (larger.data[at] as number)));
    }
    // Only rounding to 8 bits may differ.
    expect(greatest).toBeLessThanOrEqual(0.51);

    const cut = await downloadFrame(client, job, "cut");
    expect(cut).toMatchObject({ widthPx: 532, heightPx: 640, channels: 4 });
    const exact = await sharp(robotMask).resize(532, 640).extractChannel(0).raw().toBuffer();
    expect(
      iou(
        (at) => (cut.data[at * 4 + 3] as number) >= 128,
        (at) => (exact[at] as number) >= 128,
        532 * 640,
      ),
    ).toBeGreaterThan(0.85);

    const green = await downloadFrame(client, job, "green");
    expect([...green.data.subarray(0, 3)]).toEqual([0, 255, 0]);

    const bw = await downloadFrame(client, job, "bw");
    expect(isGrey(bw)).toBe(true);
    const dots = await downloadFrame(client, job, "dots");
    expect(
      new Set(dots.data.filter((_, at) => dots.channels % 2 === 1 || at % dots.channels !== dots.channels - 1)),
    ).toEqual(new Set([0, 255]));
    // Dithering keeps the luminance: the white share equals the picture's mean luminance (IEC 61966-2-1, Rec. 709).
    const white = dots.data.filter((value, at) => at % dots.channels === 0 && value === 255).length / largerPixels;
    expect(Math.abs(white - meanLuminance(larger))).toBeLessThan(0.01);
    for (const name of ["pop", "retro"]) {
      const changed = await downloadFrame(client, job, name);
      expect(changed).toMatchObject({ widthPx: 532, heightPx: 640 });
      expect(Buffer.compare(Buffer.from(changed.data), Buffer.from(larger.data))).not.toBe(0);
    }

    const again = await client.jobs.wait((await client.jobs.create({ pipeline, pictures: [{ bytes: robot }] })).id);
    expect(again.id).not.toBe(job.id);
    expect(again.steps.every(({ cached }) => cached)).toBe(true);
    expect(again.outputs.map(({ sha256 }) => sha256)).toEqual(job.outputs.map(({ sha256 }) => sha256));
    const upscale = again.steps.find(({ id }) => id === "larger");
    expect(upscale?.savedMs).toBeGreaterThan(0);

    const fresh = await client.jobs.wait(
      (await client.jobs.create({ pipeline, pictures: [{ bytes: robot }], noCache: true })).id,
    );
    expect(fresh.steps.some(({ cached }) => cached)).toBe(false);
  });

  test.runIf(data)("cuts out photographs like the hand-drawn masks", async () => {
    const dataDir = data as string;
    const { client } = mesh;
    const scores: number[] = [];
    for (const name of ["flower.jpg", "grave.jpg", "person1.jpg", "teddy.jpg"]) {
      const photo = readData(dataDir, `matting/GrabCut/${name}`);
      const { id } = await client.jobs.create({
        pipeline: {
          steps: [step("cut", { $case: "removeBackground", value: { model: "u2netp" } })],
          outputs: [{ name: "cut", encoding: png }],
        },
        pictures: [{ bytes: photo }],
      });
      const cut = await downloadFrame(client, await client.jobs.wait(id), "cut");
      const mask = (
        await decodePicture(readData(dataDir, `matting/GrabCut/${name.replace(".jpg", ".mask.png")}`), defaultLimits)
      ).frame;
      expect([cut.widthPx, cut.heightPx]).toEqual([mask.widthPx, mask.heightPx]);
      scores.push(compareMatte(toAlpha(cut), mask).iou);
    }
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    // u2netp's own mean over the whole set is 0.774 (../shared/data/README.md).
    expect(mean).toBeGreaterThan(0.7);
  });

  test("puts another picture, or the blurred original, behind a cut-out", async () => {
    const { client } = mesh;
    const blue = await sharp({ create: { width: 60, height: 40, channels: 3, background: "#0000ff" } })
      .png()
      .toBuffer();
    const upload = (value: string) => ({ from: { $case: "upload" as const, value } });
    const cutOut = { from: { $case: "step" as const, value: "cut" } };
    const { id } = await client.jobs.create({
      pipeline: {
        steps: [
          step("cut", { $case: "removeBackground", value: { model: "pixelmesh-matte" } }),
          {
            id: "sea",
            inputs: [cutOut, upload("sea")],
            operation: { $case: "replaceBackground", value: { background: { $case: "picture", value: {} } } },
          },
          {
            id: "soft",
            inputs: [cutOut, upload("source")],
            operation: { $case: "replaceBackground", value: { background: { $case: "blurSigmaPx", value: 8 } } },
          },
        ],
        outputs: ["sea", "soft"].map((name) => ({ name, step: name, encoding: png })),
      },
      pictures: [{ bytes: robot }, { name: "sea", bytes: blue }],
    });
    const job = await client.jobs.wait(id);
    const sea = await downloadFrame(client, job, "sea");
    expect(sea).toMatchObject({ widthPx: 400, heightPx: 480 });
    expect([...sea.data.subarray(0, 3)]).toEqual([0, 0, 255]);
    const soft = await downloadFrame(client, job, "soft");
    expect(soft).toMatchObject({ widthPx: 400, heightPx: 480, channels: 3 });
  });
});

function iou(a: (at: number) => boolean, b: (at: number) => boolean, count: number): number {
  let both = 0;
  let either = 0;
  for (let at = 0; at < count; at++) {
    const [inA, inB] = [a(at), b(at)];
    if (inA && inB) both += 1;
    if (inA || inB) either += 1;
  }
  return both / either;
}

function isGrey({ channels, data }: { channels: number; data: Uint8Array }): boolean {
  if (channels < 3) return true;
  for (let at = 0; at < data.length; at += channels)
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  return true;
}

function meanLuminance({ channels, data }: { channels: number; data: Uint8Array }): number {
  const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  let sum = 0;
  for (let at = 0; at < data.length; at += channels) {
    const [red, green, blue] = [0, 1, 2].map((c) => linear((data[at + c] as number) / 255)) as [number, number, number];
    sum += 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  return sum / (data.length / channels);
}

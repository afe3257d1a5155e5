import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ImageFormat, Pipeline } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { downloadFrame, step } from "@pixelmesh/testing/jobs";
import { readRaw, upscaleStraight } from "@pixelmesh/testing/models";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const modelPath = (name: string) => fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
const scene = sharp(readFileSync(new URL("../../examples/still-life.jpg", import.meta.url))).resize(160, 120);
let mesh: Awaited<ReturnType<typeof startTestMesh>>;

beforeAll(async () => {
  mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "upscale"] });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

async function run(bytes: Uint8Array, model: string) {
  const pipeline = Pipeline.fromPartial({
    steps: [step("up", { $case: "upscale", value: { scale: 4, model } })],
    outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
  });
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes }] });
  const job = await mesh.client.jobs.wait(id);
  expect(job.error).toBeUndefined();
  const notices = job.notices.filter(({ kind }) => kind === "model_chosen").map(({ text }) => text);
  return { job, notices, model: job.steps[0]?.model, frame: await downloadFrame(mesh.client, job, "result") };
}

describe("a job whose upscale leaves the model to the picture", () => {
  test("runs the photo model on a low JPEG, and tells so", async () => {
    const low = await scene.clone().jpeg({ quality: 30 }).toBuffer();
    const chosen = await run(low, "auto");
    expect(chosen.model).toBe("pixelmesh-sr-x4-photo");
    expect(chosen.notices).toEqual([
      "Model pixelmesh-sr-x4-photo was chosen: the picture is a JPEG of about quality 30",
    ]);
    const straight = await upscaleStraight(modelPath("pixelmesh-sr-x4-photo"), await readRaw(low));
    expect(Buffer.compare(chosen.frame.data, straight.data)).toBe(0);
    // The same step by the name of the model, or by the word, is the same result.
    for (const model of ["pixelmesh-sr-x4-photo", "photo"]) {
      const named = await run(low, model);
      expect(named.notices).toEqual([]);
      expect(named.job.steps[0]?.cached).toBe(true);
    }
  });

  test("finds the blocks of a low JPEG that was stored again as PNG", async () => {
    const low = await sharp(await scene.clone().jpeg({ quality: 20 }).toBuffer())
      .png()
      .toBuffer();
    const { model, notices } = await run(low, "auto");
    expect(model).toBe("pixelmesh-sr-x4-photo");
    expect(notices[0]).toMatch(/the picture has visible blocks \(blockiness \d\.\d\d\)$/);
  });

  test("runs the default model on a clean picture, and tells so", async () => {
    const { model, notices } = await run(await scene.clone().png().toBuffer(), "auto");
    expect(model).toBe("pixelmesh-sr-x4");
    expect(notices[0]).toMatch(/^Model pixelmesh-sr-x4 was chosen: the picture has no visible blocks/);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, bundledModelsDir, loadRegistry, matteInputSize } from "@pixelmesh/inference";
import { importModel, type MatteFamilyName, matteFamilies, matteFamilyNames } from "@pixelmesh/models";
import { robot } from "@pixelmesh/testing/jobs";
import { type OnnxGraph, startTestHost, toOnnxBytes } from "@pixelmesh/testing/models";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMatte } from "../src/domain/cut-out/matte.ts";
import { publishedMatte } from "./reference/matte-families.ts";

/** A weighted sum of the channels: logits, or their sigmoid. Stands for a model of a family: the same inputs and outputs. */
function tinyModel(sides: readonly [number | string, number | string], returnsLogits: boolean): OnnxGraph {
  const output = returnsLogits ? "y" : "logits";
  return {
    inputs: [{ name: "x", shape: [1, 3, ...sides] }],
    outputs: [{ name: "y", shape: [1, 1, ...sides] }],
    constants: [
      { name: "w", dims: [1, 3, 1, 1], data: Float32Array.of(3, -2.5, 1.5) },
      { name: "b", dims: [1], data: Float32Array.of(-0.7) },
    ],
    nodes: [
      { operator: "Conv", inputs: ["x", "w", "b"], outputs: [output], attributes: { kernel_shape: [1, 1] } },
      ...(returnsLogits ? [] : [{ operator: "Sigmoid", inputs: ["logits"], outputs: ["y"] }]),
    ],
  };
}

/** The graphs that are published: a fixed size, or open sides. */
const graphs: Readonly<Record<MatteFamilyName, OnnxGraph>> = {
  u2net: tinyModel([320, 320], false),
  isnet: tinyModel(["h", "w"], false),
  birefnet: tinyModel([1024, 1024], true),
  "birefnet-dynamic": tinyModel(["h", "w"], true),
  modnet: tinyModel(["h", "w"], false),
  pixelmesh: tinyModel([256, 256], false),
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "families-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** An upright picture, and a wide one whose samples stay below 200. */
async function pictures(): Promise<readonly Frame[]> {
  const wide = await sharp(robot).resize(900, 430, { fit: "cover" }).linear(0.7, 10).png().toBuffer();
  return Promise.all([robot, wide].map(async (bytes) => (await decodePicture(bytes, defaultLimits)).frame));
}

async function importAs(family: MatteFamilyName): Promise<AvailableModel> {
  const file = join(dir, `source-${family}.onnx`);
  await writeFile(file, toOnnxBytes(graphs[family]));
  const facts = { dirs: [dir], targetDir: dir, signal: AbortSignal.timeout(100_000) };
  const { notes } = await importModel({ file, task: "matte", name: family, family, licence: "MIT", ...facts });
  expect(notes).toEqual([]);
  return (await loadRegistry({ dirs: [dir] })).find(family);
}

test.each(matteFamilyNames)(
  "a model imported as %s gives the mattes of the published processing",
  async (family) => {
    const model = await importAs(family);
    await using started = await startTestHost();
    for (const picture of await pictures()) {
      const modelSize = matteInputSize(model, picture);
      const infer = async (data: Uint8Array) => {
        return (await started.host.runMatte(model, { ...modelSize, channels: 3, data })).data;
      };
      const { matte } = await createMatte(picture, {
        modelSize,
        stretch: model.output.stretch,
        infer,
        resize: resizeFrame,
      });
      const wanted = await publishedMatte(model.path, family, picture);
      expect([matte.widthPx, matte.heightPx]).toEqual([wanted.widthPx, wanted.heightPx]);
      const error = matte.data.reduce((sum, value, at) => sum + Math.abs(value - (wanted.data[at] as number)), 0);
      const meanError = error / matte.data.length;
      console.log(`${family} ${picture.widthPx}×${picture.heightPx}: mean absolute error ${meanError.toFixed(5)}`);
      expect(meanError).toBeLessThan(0.01);
      const least = matte.data.reduce((a, b) => Math.min(a, b));
      const most = matte.data.reduce((a, b) => Math.max(a, b));
      expect(most - least).toBeGreaterThan(0.5);
    }
  },
  120_000,
);

test("entries of known models have the processing of their family", async () => {
  const families: Readonly<Record<string, MatteFamilyName>> = {
    u2netp: "u2net",
    u2net: "u2net",
    silueta: "u2net",
    "isnet-general-use": "isnet",
    "BiRefNet-lite": "birefnet",
    "pixelmesh-matte": "pixelmesh",
  };
  const mattes = (await loadRegistry({ dirs: [bundledModelsDir] }))
    .list()
    .filter(({ entry }) => entry.task === "matte");
  expect(mattes.map(({ entry }) => entry.name).sort()).toEqual(Object.keys(families).sort());
  for (const { entry } of mattes) {
    const { input, output, sidePx } = matteFamilies[families[entry.name] as MatteFamilyName];
    expect(entry.input, entry.name).toMatchObject({ ...input, fixedSizePx: { widthPx: sidePx, heightPx: sidePx } });
    expect(entry.output, entry.name).toMatchObject(output);
  }
});

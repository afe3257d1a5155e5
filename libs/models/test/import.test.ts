import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundledModelsDir, loadRegistry, type OnnxGraph, toOnnxBytes } from "@pixelmesh/inference";
import {
  createDir,
  dataDir,
  digestOf,
  identity,
  otherBytes,
  smallUpscaler,
  startTestHost,
  upscalerEntry,
} from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { type ImportOptions, importModel } from "../src/index.ts";

const rgb = (name: string) => ({ name, shape: [1, 3, "h", "w"] });

/** ×2 by repeating pixels, in whole numbers only and for even sides only: samples from 0 to 255, size multiple 2. */
const evenBytes: OnnxGraph = {
  inputs: [rgb("picture")],
  outputs: [rgb("large")],
  constants: [],
  nodes: [
    { operator: "SpaceToDepth", inputs: ["picture"], outputs: ["deep"], attributes: { blocksize: 2 } },
    { operator: "DepthToSpace", inputs: ["deep"], outputs: ["same"], attributes: { blocksize: 2, mode: "DCR" } },
    { operator: "Floor", inputs: ["same"], outputs: ["whole"] },
    { operator: "Concat", inputs: ["whole", "whole", "whole", "whole"], outputs: ["four"], attributes: { axis: 1 } },
    { operator: "DepthToSpace", inputs: ["four"], outputs: ["large"], attributes: { blocksize: 2, mode: "DCR" } },
  ],
};

/** A matte of a fixed size with values far outside 0 to 1, and a second output like U²-Net's. */
const logits: OnnxGraph = {
  inputs: [{ name: "in", shape: [1, 3, 48, 64] }],
  outputs: [
    { name: "matte", shape: [1, 1, 48, 64] },
    { name: "side", shape: [1, 1, 48, 64] },
  ],
  constants: [{ name: "w", dims: [1, 3, 1, 1], data: Float32Array.of(40, -30, 20) }],
  nodes: [
    { operator: "Conv", inputs: ["in", "w"], outputs: ["matte"] },
    { operator: "Relu", inputs: ["matte"], outputs: ["side"] },
  ],
};

function createImports() {
  const models = createDir();
  const source = join(models.dir, "source");
  mkdirSync(source);
  return {
    ...models,
    source,
    run: (file: string, content: OnnxGraph | Uint8Array, facts: Partial<ImportOptions> = {}) => {
      const path = join(source, file);
      writeFileSync(path, content instanceof Uint8Array ? content : toOnnxBytes(content));
      const signal = AbortSignal.timeout(100_000);
      return importModel({ file: path, task: "upscale", dirs: [models.dir], targetDir: models.dir, signal, ...facts });
    },
    [Symbol.dispose]: models[Symbol.dispose],
  };
}

describe("import", () => {
  test("finds scale, halo and tensors of an upscaler, and the imported model runs", async () => {
    using models = createImports();
    const { entry, notes, path } = await models.run("my model.onnx", smallUpscaler(), {
      licence: "MIT",
      licenceNote: "No statement about the weights.",
      range: "unit",
    });
    expect(entry).toMatchObject({
      name: "my-model",
      scale: 2,
      haloPx: 3,
      receptiveRadiusPx: 3,
      sizeMultiple: 1,
      licence: "MIT",
      licenceNote: "No statement about the weights.",
      trainedOn: null,
      input: { name: "x", layout: "nchw", channels: "rgb", fixedSizePx: null },
      output: { name: "y" },
      workClass: "light",
      sha256: digestOf(toOnnxBytes(smallUpscaler())),
    });
    expect(entry.memory.residentBytes).toBeGreaterThan(0);
    // Its weights make no picture, which is noted.
    expect(notes.join()).toContain("do not resemble");
    const model = (await loadRegistry({ dirs: [models.dir] })).find("my-model");
    expect(model.path).toBe(path);
    await using started = await startTestHost();
    await started.host.load(model);
    expect((await models.run("my model.onnx", smallUpscaler())).entry.haloPx).toBe(3);
  });

  test("finds the size multiple and the range of samples from 0 to 255", async () => {
    using models = createImports();
    const { entry, notes } = await models.run("even.onnx", evenBytes);
    expect(entry).toMatchObject({
      scale: 2,
      sizeMultiple: 2,
      haloPx: 0,
      input: { name: "picture", range: "byte" },
      output: { name: "large", range: "byte" },
    });
    expect(notes).toEqual(["no --licence was given: the entry says `unknown`"]);
  });

  test("distinguishes channels-last from channels-first", async () => {
    using models = createImports();
    const shape = [1, "h", "w", 3];
    const last = { ...identity, inputs: [{ name: "x", shape }], outputs: [{ name: "y", shape }] };
    const { entry } = await models.run("last.onnx", last);
    expect(entry).toMatchObject({ scale: 1, haloPx: 0, input: { layout: "nhwc" }, output: { layout: "nhwc" } });
  });

  test("reads a matte's size from its graph and recognises logits", async () => {
    using models = createImports();
    const { entry, notes } = await models.run("cut.onnx", logits, { task: "matte", name: "cut-out" });
    expect(entry).toMatchObject({
      name: "cut-out",
      task: "matte",
      scale: 1,
      input: { fixedSizePx: { widthPx: 64, heightPx: 48 }, mean: [0.485, 0.456, 0.406] },
      output: { name: "matte", sigmoid: true },
    });
    expect(notes.join()).toMatch(/logits/);
    expect(notes.join()).toMatch(/normalised/);
  });

  test("refuses a file that is no model for its task, and writes nothing", async () => {
    using models = createImports();
    const two = { ...identity, inputs: [rgb("x"), rgb("z")] };
    const fixed = { ...identity, inputs: [{ name: "x", shape: [1, 3, 64, 64] }] };
    const shrinking: OnnxGraph = {
      ...identity,
      nodes: [{ operator: "SpaceToDepth", inputs: ["x"], outputs: ["y"], attributes: { blocksize: 2 } }],
    };
    const outside = { ...identity, constants: [{ name: "w", dims: [4], data: { location: "../w.bin" } }] };
    const cases = [
      ["pickle", Buffer.from("80027d71002858", "hex"), "Python pickle"],
      ["two", two, "one input"],
      ["type", { ...identity, inputs: [{ ...rgb("x"), elementType: 2 }] }, "type float32"],
      ["rank", { ...identity, inputs: [{ name: "x", shape: null }] }, "an open rank"],
      ["channels", { ...identity, inputs: [{ name: "x", shape: [1, 4, "h", "w"] }] }, "one or three channels"],
      ["fixed", fixed, "any size"],
      ["shrinking", shrinking, "it does none of these"],
      ["outside", outside, "in another file, `../w.bin`"],
    ] as const;
    for (const [name, content, text] of cases) {
      const attempt = models.run(`${name}.onnx`, content);
      await expect(attempt, name).rejects.toMatchObject({
        reason: "MODEL_INVALID",
        message: expect.stringContaining(text),
      });
      expect(models.has(`${name}.onnx`)).toBe(false);
    }
    expect(JSON.parse(models.read("manifest.json").toString()).models).toEqual([]);
  });

  test("keeps another model of the same name", async () => {
    using models = createImports();
    writeFileSync(join(models.dir, "manifest.json"), JSON.stringify({ version: 1, models: [upscalerEntry("m")] }));
    const taken = { reason: "INVALID_ARGUMENT", message: expect.stringContaining("--name") };
    await expect(models.run("m.onnx", identity)).rejects.toMatchObject(taken);
    writeFileSync(join(models.dir, "there.onnx"), otherBytes);
    await expect(models.run("there.onnx", identity)).rejects.toMatchObject(taken);
    expect(models.read("there.onnx").equals(otherBytes)).toBe(true);
  });
});

describe.skipIf(dataDir === null)("import of models of others", () => {
  test("finds the values of their entries", async () => {
    const known = await loadRegistry({ dirs: [bundledModelsDir] });
    for (const name of ["FSRCNN_x2", "FSRCNN_x4", "realesr-animevideov3"]) {
      using models = createImports();
      const file = join(dataDir ?? "", "models", `${name}.onnx`);
      const signal = AbortSignal.timeout(100_000);
      const facts = { dirs: [models.dir], targetDir: models.dir, signal };
      const { entry } = await importModel({ file, task: "upscale", licence: "x", ...facts });
      const wanted = known.status(name).entry;
      const { scale, sizeMultiple, input, output, haloPx, workClass, sha256 } = wanted;
      expect(entry).toMatchObject({ scale, sizeMultiple, input, output, workClass, sha256 });
      // The halo found in 8 bits can be less than the receptive field, never more.
      expect(entry.haloPx).toBeLessThanOrEqual(haloPx);
      expect(entry.haloPx).toBeGreaterThan(haloPx / 2);
      expect(entry.memory.bytesPerInputPixel / wanted.memory.bytesPerInputPixel).toBeGreaterThan(0.4);
      expect(entry.memory.bytesPerInputPixel / wanted.memory.bytesPerInputPixel).toBeLessThan(2.5);
      expect(existsSync(join(models.dir, `${name}.onnx`))).toBe(true);
    }
  });
});

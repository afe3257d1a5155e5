import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type OnnxGraph, toOnnxBytes } from "../host/onnx-writer.ts";
import { loadRegistry } from "./registry.ts";

const root = mkdtempSync(join(tmpdir(), "registry-"));
let first = "";
let second = "";
let count = 0;

const graph: OnnxGraph = {
  inputs: [{ name: "x", shape: [1, 3, "h", "w"] }],
  outputs: [{ name: "y", shape: [1, 3, "h", "w"] }],
  constants: [],
  nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
};
/** A model whose bytes depend on `content`. */
const modelBytes = (content: string) =>
  toOnnxBytes({ ...graph, constants: [{ name: content, dims: [1], data: new Float32Array(1) }] });
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const digest = (content: string) => digestOf(modelBytes(content));
const entry = (name: string, facts: object = {}) => ({
  name,
  task: "upscale",
  scale: 4,
  file: `${name}.onnx`,
  sha256: digest(name),
  sizeBytes: modelBytes(name).length,
  sourceUrl: null,
  licence: "MIT",
  input: { name: "x", layout: "nchw", channels: "rgb", range: "unit" },
  output: { name: "y", layout: "nchw", range: "unit" },
  haloPx: 4,
  receptiveRadiusPx: 4,
  workClass: "light",
  preferredTilesPx: [256],
  memory: { residentBytes: 1, bytesPerInputPixel: 1 },
  ...facts,
});
const writeManifest = (dir: string, ...models: object[]) =>
  writeFileSync(join(dir, "manifest.json"), JSON.stringify({ version: 1, models }));
const writeModel = (dir: string, name: string, content = name) =>
  writeFileSync(join(dir, `${name}.onnx`), modelBytes(content));
const reasonOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.reason;
  }
  return "none";
};

beforeEach(() => {
  first = join(root, `${++count}a`);
  second = join(root, `${count}b`);
  for (const dir of [first, second]) mkdirSync(dir);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the registry", () => {
  test("finds a model's file in any directory", async () => {
    writeManifest(first, entry("a"));
    writeModel(second, "a");
    const registry = await loadRegistry({ dirs: [first, second] });
    expect(registry.find("a")).toMatchObject({ path: join(second, "a.onnx"), digest: digest("a") });
  });

  test("lists a model without its file, and refuses to return it", async () => {
    writeManifest(first, entry("a"));
    const registry = await loadRegistry({ dirs: [first] });
    expect(registry.list()).toMatchObject([{ available: null, unavailableReason: "a.onnx is in no models directory" }]);
    expect(reasonOf(() => registry.find("a"))).toBe("MODEL_UNAVAILABLE");
  });

  test("refuses a file with a wrong hash, unless another directory has the right one", async () => {
    writeManifest(first, entry("a"), entry("b"));
    writeModel(first, "a", "tampered");
    writeModel(first, "b", "tampered");
    writeModel(second, "b");
    const registry = await loadRegistry({ dirs: [first, second] });
    expect(reasonOf(() => registry.find("a"))).toBe("MODEL_INVALID");
    expect(registry.list()[0]?.unavailableReason).toContain(digest("tampered"));
    expect(registry.find("b").path).toBe(join(second, "b.onnx"));
  });

  test("accepts any file if no hash is pinned, and reads a changed file again", async () => {
    writeManifest(first, entry("a", { sha256: null, sizeBytes: null }));
    writeModel(first, "a", "one");
    expect((await loadRegistry({ dirs: [first] })).find("a").digest).toBe(digest("one"));
    writeModel(first, "a", "other");
    expect((await loadRegistry({ dirs: [first] })).find("a").digest).toBe(digest("other"));
  });

  test("refuses files that are not ONNX or do not match their entry, and keeps the others", async () => {
    const float = (shape: readonly (number | string)[] | null, elementType = 1) =>
      toOnnxBytes({ ...graph, inputs: [{ name: "x", shape, elementType }] });
    const outside = (location: string) =>
      toOnnxBytes({ ...graph, constants: [{ name: "w", dims: [4], data: { location } }] });
    const bad: Record<string, [Uint8Array, string]> = {
      pickle: [Buffer.from("80027d71002858", "hex"), "Python pickle"],
      zip: [Buffer.from("PK\u0003\u0004archive/data.pkl"), "zip archive"],
      page: [Buffer.from("<!DOCTYPE html><title>log in</title>"), "web page"],
      empty: [new Uint8Array(0), "is empty"],
      random: [Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7_919 + (i >> 3)) % 251), "is no ONNX model"],
      cut: [modelBytes("whole").subarray(0, -3), "is no ONNX model"],
      rank: [float(null), "input rank to be 4, got `open`"],
      flat: [float(["n", 3, "w"]), "input rank to be 4, got `n×3×w`"],
      bytes: [float([1, 3, "h", "w"], 2), "input type to be float32, got `uint8`"],
      fixed: [float([1, 3, 64, 64]), "input shape to be 1×3×any×any, got `1×3×64×64`"],
      grey: [float([1, 1, "h", "w"]), "input shape to be 1×3×any×any, got `1×1×h×w`"],
      names: [toOnnxBytes({ ...graph, inputs: [{ name: "image", shape: [1, 3, "h", "w"] }] }), "inputs to be x"],
      parent: [outside("../../etc/passwd"), "weights in another file, `../../etc/passwd`"],
      absolute: [outside("/etc/passwd"), "weights in another file, `/etc/passwd`"],
      beside: [outside("weights.bin"), "weights in another file, `weights.bin`"],
    };
    const entries = Object.entries(bad).map(([name, [bytes]]) => {
      writeFileSync(join(first, `${name}.onnx`), bytes);
      return entry(name, { sha256: digestOf(bytes), sizeBytes: Math.max(1, bytes.length) });
    });
    mkdirSync(join(first, "folder.onnx"));
    writeModel(first, "good");
    writeManifest(first, ...entries, entry("folder"), entry("good"));
    const registry = await loadRegistry({ dirs: [first] });
    for (const [name, [, why]] of Object.entries(bad)) {
      expect(
        reasonOf(() => registry.find(name)),
        name,
      ).toBe("MODEL_INVALID");
      expect(registry.list().find(({ entry }) => entry.name === name)).toMatchObject({ refused: true });
      expect(() => registry.find(name)).toThrow(why);
    }
    expect(reasonOf(() => registry.find("folder"))).toBe("MODEL_UNAVAILABLE");
    expect(registry.defaultFor("upscale", 4).name).toBe("good");
  });

  test("finds external data in every part of a graph", async () => {
    const tensor = { name: "w", dims: [4], data: { location: "/etc/passwd" } };
    const nested = toOnnxBytes({
      ...graph,
      nodes: [
        {
          operator: "If",
          inputs: ["x"],
          outputs: ["y"],
          attributes: {
            then_branch: { ...graph, constants: [tensor] },
          },
        },
      ],
    });
    const constant = toOnnxBytes({
      ...graph,
      nodes: [{ operator: "Constant", inputs: [], outputs: ["y"], attributes: { value: tensor } }],
    });
    for (const [name, bytes] of [
      ["nested", nested],
      ["constant", constant],
    ] as const) {
      writeFileSync(join(first, `${name}.onnx`), bytes);
      writeManifest(first, entry(name, { sha256: null, sizeBytes: null }));
      const registry = await loadRegistry({ dirs: [first] });
      expect(() => registry.find(name)).toThrow("weights in another file, `/etc/passwd`");
    }
  });

  test("reports the mistakes of all directories in one error", async () => {
    writeManifest(first, entry("a", { scale: 0 }));
    writeManifest(second, entry("b", { scale: 0 }), entry("c"), entry("c"));
    const error = await loadRegistry({ dirs: [first, second] }).catch((reason: AppError) => reason);
    expect(error).toMatchObject({ reason: "INVALID_ARGUMENT" });
    const fields = (error as AppError).fields.map(({ field }) => field);
    expect(fields).toEqual(["models[0].scale", "models[0].scale", "models[2].name"]);
    expect((error as AppError).message).toContain(second);
  });

  test("replaces an entry by that of a later directory", async () => {
    writeManifest(first, entry("a"), entry("b"));
    writeManifest(second, entry("a", { sha256: digest("mine"), haloPx: 8 }));
    writeModel(second, "a", "mine");
    const registry = await loadRegistry({ dirs: [first, second] });
    expect(registry.find("a")).toMatchObject({ haloPx: 8, digest: digest("mine") });
    expect(registry.list().map(({ entry: { name } }) => name)).toEqual(["a", "b"]);
  });

  test("prefers an available default model, then the manifest's order", async () => {
    writeManifest(first, entry("a"), entry("b"), entry("c", { default: true }));
    writeModel(first, "b");
    const withoutFlagged = await loadRegistry({ dirs: [first] });
    expect(withoutFlagged.defaultFor("upscale", 4).name).toBe("b");
    expect(withoutFlagged.list().map(({ isDefault }) => isDefault)).toEqual([false, true, false]);
    writeModel(first, "c");
    expect((await loadRegistry({ dirs: [first] })).defaultFor("upscale", 4).name).toBe("c");
  });

  test("lists the known models or scales if a requested one is unknown", async () => {
    writeManifest(first, entry("a"), entry("b", { scale: 2 }));
    const registry = await loadRegistry({ dirs: [first] });
    expect(() => registry.find("z")).toThrow("Expected a known model, got `z`; known are: a, b");
    expect(reasonOf(() => registry.find("z"))).toBe("UNKNOWN_MODEL");
    expect(reasonOf(() => registry.defaultFor("upscale", 3))).toBe("UNKNOWN_MODEL");
    expect(reasonOf(() => registry.defaultFor("upscale", 4))).toBe("MODEL_UNAVAILABLE");
  });

  test("refuses a missing directory", async () => {
    await expect(loadRegistry({ dirs: [join(root, "gone")] })).rejects.toThrow("Expected `models_dir`");
  });
});

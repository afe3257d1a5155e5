import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { loadRegistry } from "./registry.ts";

const root = mkdtempSync(join(tmpdir(), "registry-"));
let first = "";
let second = "";
let count = 0;

const digest = (content: string) => createHash("sha256").update(content).digest("hex");
const entry = (name: string, facts: object = {}) => ({
  name,
  task: "upscale",
  scale: 4,
  file: `${name}.onnx`,
  sha256: digest(name),
  sizeBytes: name.length,
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
const writeModel = (dir: string, name: string, content = name) => writeFileSync(join(dir, `${name}.onnx`), content);
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
    expect(registry.find("a")).toMatchObject({ path: join(second, "a.onnx"), digest: digest("a"), sizeBytes: 1 });
  });

  test("lists a model whose file is missing, and says so when it is asked for", async () => {
    writeManifest(first, entry("a"));
    const registry = await loadRegistry({ dirs: [first] });
    expect(registry.list()).toMatchObject([{ available: null, unavailableReason: "a.onnx is in no models directory" }]);
    expect(reasonOf(() => registry.find("a"))).toBe("MODEL_UNAVAILABLE");
  });

  test("refuses a file with another hash, unless another directory has the right one", async () => {
    writeManifest(first, entry("a"), entry("b"));
    writeModel(first, "a", "tampered");
    writeModel(first, "b", "tampered");
    writeModel(second, "b");
    const registry = await loadRegistry({ dirs: [first, second] });
    expect(reasonOf(() => registry.find("a"))).toBe("MODEL_INVALID");
    expect(registry.list()[0]?.unavailableReason).toContain(digest("tampered"));
    expect(registry.find("b").path).toBe(join(second, "b.onnx"));
  });

  test("takes any file where no hash is pinned, and a changed file for what it is", async () => {
    writeManifest(first, entry("a", { sha256: null, sizeBytes: null }));
    writeModel(first, "a", "one");
    expect((await loadRegistry({ dirs: [first] })).find("a").digest).toBe(digest("one"));
    writeModel(first, "a", "other");
    expect((await loadRegistry({ dirs: [first] })).find("a").digest).toBe(digest("other"));
  });

  test("lets a later directory replace an entry", async () => {
    writeManifest(first, entry("a"), entry("b"));
    writeManifest(second, entry("a", { sha256: digest("mine"), haloPx: 8 }));
    writeModel(second, "a", "mine");
    const registry = await loadRegistry({ dirs: [first, second] });
    expect(registry.find("a")).toMatchObject({ haloPx: 8, digest: digest("mine") });
    expect(registry.list().map(({ entry: { name } }) => name)).toEqual(["a", "b"]);
  });

  test("prefers an available model that is flagged, then the manifest's order", async () => {
    writeManifest(first, entry("a"), entry("b"), entry("c", { default: true }));
    writeModel(first, "b");
    const withoutFlagged = await loadRegistry({ dirs: [first] });
    expect(withoutFlagged.defaultFor("upscale", 4).name).toBe("b");
    expect(withoutFlagged.list().map(({ isDefault }) => isDefault)).toEqual([false, true, false]);
    writeModel(first, "c");
    expect((await loadRegistry({ dirs: [first] })).defaultFor("upscale", 4).name).toBe("c");
  });

  test("says which models and scales there are when one is asked for that is not", async () => {
    writeManifest(first, entry("a"), entry("b", { scale: 2 }));
    const registry = await loadRegistry({ dirs: [first] });
    expect(() => registry.find("z")).toThrow("Expected a known model, got `z`; known are: a, b");
    expect(reasonOf(() => registry.find("z"))).toBe("UNKNOWN_MODEL");
    expect(reasonOf(() => registry.defaultFor("upscale", 3))).toBe("UNKNOWN_MODEL");
    expect(reasonOf(() => registry.defaultFor("upscale", 4))).toBe("MODEL_UNAVAILABLE");
  });

  test("refuses a directory that is not there", async () => {
    await expect(loadRegistry({ dirs: [join(root, "gone")] })).rejects.toThrow("Expected `models_dir`");
  });
});

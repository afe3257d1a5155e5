import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { bundledModelsDir } from "./registry.ts";

const path = join(bundledModelsDir, "manifest.json");
const text = readFileSync(path, "utf8");

const mistakesOf = (manifest: unknown) => {
  try {
    parseManifest(JSON.stringify(manifest), "m.json");
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("the manifest was accepted");
};

describe("a manifest", () => {
  test("of the bundled models is valid, and has a size only with a digest", () => {
    const entries = parseManifest(text, path);
    expect(entries.map((entry) => entry.name)).toContain("realesr-general-x4v3");
    for (const entry of entries) expect(entry.sha256 === null).toBe(entry.sizeBytes === null);
  });

  test("has at most one default model for each task and scale", () => {
    const flagged = parseManifest(text, path).filter((entry) => entry.default);
    const places = flagged.map((entry) => `${entry.task} ${entry.scale}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test("with several mistakes is refused with all of them in one error", () => {
    const { models } = JSON.parse(text);
    const broken = [
      { ...models[0], scale: 0, haloPx: "34" },
      { ...models[1], colour: 1 },
      { ...models[2], task: "matte", scale: 4 },
    ];
    const error = mistakesOf({ version: 1, models: broken });
    expect(error.reason).toBe("INVALID_ARGUMENT");
    expect(error.fields.map((field) => field.field)).toEqual([
      "models[0].scale",
      "models[0].haloPx",
      "models[1]",
      "models[2].scale",
      "models[2].input",
    ]);
    expect(error.message).toMatch(/^m\.json: models\[0\]\.scale: /);
  });

  test("of the bundled models says what each was trained on, or notes that it is not known", () => {
    for (const { name, trainedOn, licenceNote } of parseManifest(text, path)) {
      expect([name, trainedOn ?? licenceNote]).toEqual([name, expect.any(String)]);
    }
  });

  test("has sources of one file each, inside a package, and with the sha256 of the entry", () => {
    const [model] = JSON.parse(text).models;
    const sha256 = "0".repeat(64);
    const wheel = { kind: "pypi", package: "a", version: "1", file: "wheel", member: "a/m.onnx", sha256, sizeBytes: 1 };
    const npm = { kind: "npm", package: "@a/b", version: "1.0.0", member: "m.onnx", sha256, sizeBytes: 1 };
    const fieldsOf = (sources: object[], facts: object = { sha256 }) => {
      try {
        parseManifest(JSON.stringify({ version: 1, models: [{ ...model, ...facts, sources }] }), "m.json");
        return [];
      } catch (error) {
        return error instanceof AppError ? error.fields.map(({ field }) => field) : [error];
      }
    };
    expect(fieldsOf([wheel, npm])).toEqual([]);
    expect(fieldsOf([wheel, { ...npm, sha256: "1".repeat(64) }])).toEqual(["models[0].sources[1].sha256"]);
    expect(fieldsOf([wheel, npm], { sha256: null })).toEqual([]);
    expect(fieldsOf([wheel, { ...npm, sha256: "1".repeat(64) }], { sha256: null })).toEqual([
      "models[0].sources[1].sha256",
    ]);
    for (const member of ["../m.onnx", "a/../m.onnx", "/etc/m.onnx", "a\\m.onnx", "./m.onnx", ""]) {
      expect([member, fieldsOf([{ ...wheel, member }])]).toEqual([member, ["models[0].sources[0].member"]]);
    }
    expect(fieldsOf([{ ...npm, package: "../b" }])).toEqual(["models[0].sources[0].package"]);
    expect(fieldsOf([{ ...wheel, package: "a/b" }])).toEqual(["models[0].sources[0].package"]);
    expect(fieldsOf([{ ...wheel, version: ">=1" }])).toEqual(["models[0].sources[0].version"]);
  });

  test("must not name a model twice or a file outside its directory", () => {
    const { models } = JSON.parse(text);
    expect(mistakesOf({ version: 1, models: [models[0], models[0]] }).message).toContain("each name once");
    for (const file of ["../x.onnx", "/etc/x.onnx", "x.pth", "a/../../x.onnx"]) {
      expect(mistakesOf({ version: 1, models: [{ ...models[0], file }] }).fields[0]?.field).toBe("models[0].file");
    }
  });

  test("may name a denoise pair of the same task and scale, from this file or another", () => {
    const { models } = JSON.parse(text);
    const byScale = (scale: number) => models.find((entry: { scale: number }) => entry.scale === scale);
    const paired = (name: string) => ({ ...byScale(4), denoisePair: name });
    const wrong = mistakesOf({ version: 1, models: [paired(byScale(2).name), byScale(2)] });
    expect(wrong.fields).toMatchObject([{ field: "models[0].denoisePair" }]);
    expect(mistakesOf({ version: 1, models: [paired(byScale(4).name)] }).message).toContain(
      "Expected another upscale model",
    );
    const elsewhere = JSON.stringify({ version: 1, models: [paired("elsewhere")] });
    expect(parseManifest(elsewhere, "m.json")[0]?.denoisePair).toBe("elsewhere");
  });

  test("that is not JSON is refused", () => {
    expect(() => parseManifest("{", "m.json")).toThrow("m.json: Expected JSON");
  });
});

import { Model } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { chooseDenoisePair, chooseMatteModel, chooseUpscaleModel } from "./choose-model.ts";

const toCatalogue = (upscaleModels: Model[]) => ({ upscaleModels, matteModels: [], effects: [], remoteModels: [] });
const model = (name: string, scale: number, more: Partial<Model> = {}) =>
  Model.create({ name, scale, available: true, digest: name, ...more });
const choose = (models: Model[], scale: number, name = "") =>
  chooseUpscaleModel({ scale, model: name }, scale || undefined, toCatalogue(models)).name;

test("the marked default of the scale is chosen, at any place of the list", () => {
  expect(choose([model("a", 4), model("b", 4, { isDefault: true }), model("c", 2, { isDefault: true })], 4)).toBe("b");
});

test("no scale and no name means the default of the largest scale", () => {
  expect(
    choose([model("two", 2, { isDefault: true }), model("four", 4, { isDefault: true }), model("odd", 8)], 0),
  ).toBe("four");
});

test("without a marked default the first by name is taken, so that every replica takes the same", () => {
  expect(choose([model("b", 4), model("a", 4)], 4)).toBe("a");
});

test("an unavailable default is never replaced by another model", () => {
  const models = [
    model("light", 4),
    model("fine", 4, { isDefault: true, available: false, unavailableReason: "hash differs" }),
  ];
  expect(() => choose(models, 4)).toThrow("Model `fine` is listed but not available: hash differs");
  expect(choose(models, 4, "light")).toBe("light");
});

test("a model is available if one of the replicas that list it has it", () => {
  const models = [model("fine", 4, { available: false, digest: "" }), model("fine", 4)];
  expect(chooseUpscaleModel({ scale: 0, model: "fine" }, undefined, toCatalogue(models)).digest).toBe("fine");
});

test("an error names the missing models of a mesh without models", () => {
  const nothing = toCatalogue([]);
  expect(() => chooseUpscaleModel({ scale: 0, model: "" }, undefined, nothing)).toThrow(
    "There is no upscale model; known: none",
  );
  expect(() => chooseMatteModel({ model: "" }, nothing)).toThrow("There is no matting model; known: none");
});

test("a scale without a model takes the model of the nearest scale, and a named model takes any scale", () => {
  const models = [model("two", 2, { isDefault: true }), model("four", 4, { isDefault: true })];
  expect(choose(models, 3)).toBe("four");
  expect(choose([...models, model("three", 3, { isDefault: true })], 3)).toBe("three");
  expect(choose(models, 3, "two")).toBe("two");
  const near = (factor: number) => chooseUpscaleModel({ scale: 0, model: "" }, factor, toCatalogue(models)).name;
  // The border between 2 and 4 is their geometric mean.
  expect([1.01, 2.8, 2.83, 3, 40].map(near)).toEqual(["two", "two", "four", "four", "four"]);
});

test("a denoise strength needs a model with an available pair", () => {
  const strong = model("strong", 4, { denoisePair: "weak" });
  const pairOf = (models: Model[], denoise?: number) =>
    chooseDenoisePair(
      { scale: 4, model: "", ...(denoise === undefined ? {} : { denoise }) },
      models[0]!,
      toCatalogue(models),
      "up",
    );
  expect(pairOf([strong, model("weak", 4)], 0.5)?.name).toBe("weak");
  expect(pairOf([strong])).toBeUndefined();
  expect(() => pairOf([model("plain", 4)], 0)).toThrow("Expected `up.denoise` to be left out");
  expect(() => pairOf([strong, model("weak", 4, { available: false })], 1)).toThrow(
    "Model `weak` is listed but not available",
  );
});

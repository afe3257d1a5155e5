import { Model } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { chooseMatteModel, chooseUpscaleModel } from "./models.ts";

const model = (name: string, scale: number, more: Partial<Model> = {}) =>
  Model.create({ name, scale, available: true, digest: name, ...more });
const choose = (models: Model[], scale: number, name = "") =>
  chooseUpscaleModel({ scale, model: name }, { upscaleModels: models, matteModels: [], effects: [] }, "path").name;

test("the marked default of the scale is chosen, wherever it stands in the list", () => {
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

test("a default that is not here is never silently replaced by another model", () => {
  const models = [
    model("light", 4),
    model("fine", 4, { isDefault: true, available: false, unavailableReason: "hash differs" }),
  ];
  expect(() => choose(models, 4)).toThrow("Model `fine` is listed but not available: hash differs");
  expect(choose(models, 4, "light")).toBe("light");
});

test("of several replicas that list a model, one that has it counts", () => {
  const models = [model("fine", 4, { available: false, digest: "" }), model("fine", 4)];
  expect(
    chooseUpscaleModel({ scale: 0, model: "fine" }, { upscaleModels: models, matteModels: [], effects: [] }, "").digest,
  ).toBe("fine");
});

test("a mesh without models says so", () => {
  const nothing = { upscaleModels: [], matteModels: [], effects: [] };
  expect(() => chooseUpscaleModel({ scale: 0, model: "" }, nothing, "")).toThrow(
    "There is no upscale model; known: none",
  );
  expect(() => chooseMatteModel({ model: "" }, nothing)).toThrow("There is no matting model; known: none");
});

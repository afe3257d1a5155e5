import { LowConfidence, Model, type PlannedStep, type RemoveBackgroundOperation } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { catalogue as known, pipeline, plan, sha, step } from "../../test/fixtures.ts";
import { createRecord } from "../job/job-record.ts";
import { toWorkItem } from "../job/ready-steps.ts";
import { largerModels, MAX_LARGER_MODELS, type SizedModel } from "./larger-models.ts";
import { stepKey } from "./step-key.ts";

const sized = (name: string, sizeBytes: number, more: Partial<SizedModel> = {}): SizedModel => ({
  name,
  digest: sha(name),
  sizeBytes,
  available: true,
  ...more,
});
const namesAfter = (chosen: SizedModel, models: readonly SizedModel[]) =>
  largerModels(chosen, models).map(({ name }) => name);

test("larger models are those with larger files that are here, smallest first", () => {
  const own = sized("own", 50);
  const models = [
    own,
    sized("huge", 900),
    sized("smaller", 10),
    sized("equal", 50),
    sized("b", 60),
    sized("absent", 70, { available: false, digest: "" }),
    sized("a", 60),
    sized("large", 400),
  ];
  expect(namesAfter(own, models)).toEqual(["a", "b", "large", "huge"]);
  expect(largerModels(own, models)[0]).toEqual({ name: "a", digest: sha("a") });
  expect(namesAfter(sized("huge", 900), models)).toEqual([]);
});

test("a model of several replicas, or one file with two names, is tried once", () => {
  const own = sized("own", 50);
  const again = sized("again", 60, { digest: sha("a") });
  expect(namesAfter(own, [sized("a", 60), own, sized("a", 60), again, own])).toEqual(["a"]);
});

test("there are never more than the bound", () => {
  const models = Array.from({ length: 20 }, (_, at) => sized(`m${at}`, 100 - at));
  expect(namesAfter(sized("own", 1), models)).toEqual(["m19", "m18", "m17", "m16"]);
  expect(MAX_LARGER_MODELS).toBe(4);
});

const sizes: Readonly<Record<string, number>> = { salient: 4_000, portrait: 9_000, tiny: 100 };
const matteModel = (name: string, digest = sha(name)) =>
  Model.create({ name, task: "matte", scale: 1, digest, sizeBytes: sizes[name] ?? 0, available: true });
const matteModels = ["salient", "portrait", "tiny"].map((name) => ({
  ...matteModel(name),
  isDefault: name === "salient",
}));

function planned(settings: Partial<RemoveBackgroundOperation>, models = matteModels): PlannedStep {
  const operation = { $case: "removeBackground", value: { model: "", ...settings } } as const;
  const { steps } = plan(pipeline([step("cut", operation)]), {}, { catalogue: { ...known, matteModels: models } });
  return steps[0] as PlannedStep;
}
const keyOf = (step: PlannedStep) => stepKey(step, [sha("picture")]);

test("a plan names larger models only where the step retries, and its work item carries them", () => {
  const portrait = { name: "portrait", digest: sha("portrait") };
  expect(planned({}).largerModels).toBeUndefined();
  expect(planned({ minConfidence: 0.5, onLowConfidence: LowConfidence.FAIL }).largerModels).toBeUndefined();
  expect(planned({ minConfidence: 0.5, model: "portrait" }).largerModels).toBeUndefined();
  expect(planned({ minConfidence: 0.5 }).largerModels).toEqual({ models: [portrait] });
  expect(planned({ minConfidence: 0.5, model: "tiny" }).largerModels).toEqual({
    models: [{ name: "salient", digest: sha("salient") }, portrait],
  });
  const operation = { $case: "removeBackground", value: { model: "", minConfidence: 0.5 } } as const;
  const spec = plan(pipeline([step("cut", operation)]), {}, { catalogue: { ...known, matteModels } });
  const item = toWorkItem(spec, createRecord(spec, 0), 0, { nowUnixMs: 1, keepUntilUnixMs: 2 });
  expect(item.largerModels).toEqual({ models: [portrait] });
});

test("the key of a cut-out differs exactly where another model or bound may decide", () => {
  const bound = { minConfidence: 0.5 } as const;
  const otherFile = matteModels.map((model) => (model.name === "portrait" ? { ...model, digest: sha("new") } : model));
  const keys = [
    keyOf(planned({})),
    keyOf(planned(bound)),
    keyOf(planned({ minConfidence: 0.6 })),
    keyOf(planned({ ...bound, onLowConfidence: LowConfidence.FAIL })),
    keyOf(planned(bound, otherFile)),
    keyOf(planned(bound, [...matteModels.slice(0, 1)])),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keyOf(planned({ ...bound, onLowConfidence: LowConfidence.RETRY, model: "salient" }))).toBe(keys[1]);
  expect(keyOf(planned({ minConfidence: 0, onLowConfidence: LowConfidence.FAIL }))).toBe(keys[0]);
  // A smaller model is never tried, so it does not matter.
  expect(keyOf(planned(bound, matteModels.slice(0, 2)))).toBe(keys[1]);
  // The failure of the first model depends on no other one.
  expect(keyOf(planned({ ...bound, onLowConfidence: LowConfidence.FAIL }, otherFile))).toBe(keys[3]);
});

test("load changes nothing about a cut-out: no lighter model is chosen first", () => {
  const operation = { $case: "removeBackground", value: { model: "", minConfidence: 0.5 } } as const;
  const load = { level: 3, why: "work waits 20 s" } as const;
  const more = { catalogue: { ...known, matteModels }, load };
  const spec = plan(pipeline([step("cut", operation)]), { allowDegraded: true }, more);
  expect(spec.adaptations).toEqual([]);
  expect(spec.steps[0]).toEqual(planned({ minConfidence: 0.5 }));
});

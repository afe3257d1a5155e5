import { AppError } from "@pixelmesh/errors";
import {
  CreateJobHeader,
  FeatureRequest,
  ImageFormat,
  ParameterDescription,
  ParameterType,
  RemoteModel,
  type Value,
} from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { catalogue, sha } from "../../test/fixtures.ts";
import { planJob } from "../plan/plan-job.ts";
import { expandFeature, findFeature, mayUseHosted, newestFeatures } from "./expand-feature.ts";
import { features } from "./features.ts";

const number = (value: number): Value => ({ kind: { $case: "number", value } });
const text = (value: string): Value => ({ kind: { $case: "text", value } });
const model = (name: string, more: Partial<RemoteModel> = {}) =>
  RemoteModel.create({ name, provider: "acme", digest: sha(name), available: true, ...more });
const prompt = {
  name: "prompt",
  type: ParameterType.TEXT,
  pattern: "^.+$",
  form: "a text",
  defaultValue: text("none"),
};
const request = (name: string, parameters: Record<string, Value> = {}) => FeatureRequest.create({ name, parameters });
const nothing = { remoteModels: [], isRemoteAllowed: true };
const restorer = model("restorer", { capabilities: ["restore_face"] });

function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("Expected an AppError");
}

test("the issue's features are there, each version once, with names that fit a job's record", () => {
  expect(newestFeatures().map(({ name }) => name)).toEqual([
    "beautify",
    "clarity",
    "comic",
    "enhance",
    "product_photo",
    "relight",
    "replace_background",
    "restore_face",
    "retro_poster",
    "style",
  ]);
  const labels = features.map(({ name, version }) => `${name}@${version}`);
  expect(new Set(labels).size).toBe(labels.length);
  for (const { name, version, local, hosted } of features) {
    expect(name).toMatch(/^[a-z][a-z0-9_]{0,31}$/);
    expect(version).toBeGreaterThanOrEqual(1);
    expect(local ?? hosted, name).toBeDefined();
  }
});

test("a feature becomes the steps that it stands for, with the caller's outputs and its label", () => {
  const outputs = [
    { name: "small", step: "", encoding: { format: ImageFormat.WEBP, quality: 70, lossless: false, background: "" } },
  ];
  const expanded = expandFeature(
    { ...request("enhance", { scale: number(4), sharpen: number(50) }), outputs },
    nothing,
  );
  expect(expanded.label).toBe("enhance@1");
  expect(expanded.notices).toEqual([]);
  expect(expanded.pipeline.steps.map(({ id, operation }) => [id, operation?.$case])).toEqual([
    ["enlarge", "upscale"],
    ["finish", "applyEffects"],
  ]);
  expect(expanded.pipeline.steps[0]?.operation).toMatchObject({
    value: { scale: 4, model: "auto", finishing: { sharpen: 0.5 } },
  });
  expect(expanded.pipeline.outputs).toEqual([{ ...outputs[0], step: "finish" }]);
});

describe("a feature that only a hosted model does", () => {
  test("is refused with what to add to the manifest, where this mesh has no such model", () => {
    const other = model("other", { capabilities: ["style"] });
    const error = refusal(() => expandFeature(request("restore_face"), { ...nothing, remoteModels: [other] }));
    expect(error.reason).toBe("PROVIDER_NOT_CONFIGURED");
    expect(error.message).toContain("PIXELMESH_REMOTE_MANIFEST");
    expect(error.message).toContain('"capabilities": ["restore_face"]');
  });

  test("is refused where pictures may not leave the mesh, also with such a model", () => {
    const error = refusal(() =>
      expandFeature(request("restore_face"), { remoteModels: [restorer], isRemoteAllowed: false }),
    );
    expect(error.reason).toBe("REMOTE_NOT_ALLOWED");
    expect(error.message).toContain("PIXELMESH_REMOTE_ALLOWED");
  });

  test("takes the first model that is available, or the named one", () => {
    const remoteModels = [
      model("style-a", { capabilities: ["style"], available: false }),
      model("style-b", { capabilities: ["style", "comic"] }),
    ];
    const stepOf = (parameters = {}) =>
      expandFeature(request("style", parameters), { ...nothing, remoteModels }).pipeline.steps[0]?.operation?.value;
    expect(stepOf()).toMatchObject({ model: "style-b" });
    expect(stepOf({ model: text("style-a") })).toMatchObject({ model: "style-a" });
    const error = refusal(() => stepOf({ model: text("style-c") }));
    expect(error.reason).toBe("UNKNOWN_MODEL");
    expect(error.metadata).toEqual({ known: "style-a,style-b" });
  });

  test("passes what the model takes, and refuses what the caller asked for in vain", () => {
    const remoteModels = [
      model("m", { capabilities: ["style"], parameters: [ParameterDescription.fromPartial(prompt)] }),
    ];
    const context = { ...nothing, remoteModels };
    const [step] = expandFeature(request("style", { prompt: text("ink") }), context).pipeline.steps;
    expect(step?.operation?.value).toMatchObject({ parameters: { prompt: text("ink") } });
    const error = refusal(() => expandFeature(request("style", { strength: number(0.2) }), context));
    expect(error).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "feature.parameters.strength" }] });
  });
});

describe("a value that a hosted model does not take", () => {
  const directions = (defaultValue: Value | undefined) =>
    ParameterDescription.fromPartial({
      name: "direction",
      type: ParameterType.CHOICE,
      choices: ["left", "right"],
      defaultValue,
    });
  const contextOf = (parameter: ParameterDescription) => ({
    ...nothing,
    remoteModels: [model("m", { capabilities: ["relight"], parameters: [parameter] })],
  });
  const passed = (parameters: Record<string, Value>, parameter: ParameterDescription) => {
    const [step] = expandFeature(request("relight", parameters), contextOf(parameter)).pipeline.steps;
    return step?.operation?.$case === "remoteModel" ? step.operation.value.parameters : undefined;
  };

  test("is left out if it is the feature's default and the model has its own", () => {
    expect(passed({}, directions(text("left")))).toEqual({});
    expect(passed({ direction: text("right") }, directions(text("left")))).toEqual({ direction: text("right") });
  });

  test("is refused with the feature's field if the caller gave it, or the model has no default", () => {
    const field = { reason: "INVALID_ARGUMENT", fields: [{ field: "feature.parameters.direction" }] };
    const error = refusal(() => passed({ direction: text("top") }, directions(text("left"))));
    expect(error).toMatchObject(field);
    expect(error.message).toContain("one of left, right");
    expect(refusal(() => passed({}, directions(undefined)))).toMatchObject(field);
  });
});

describe("a feature with a local way", () => {
  const comics = [model("comic-model", { capabilities: ["comic"] })];
  const hosted = { prefer: text("hosted") };
  const casesOf = (parameters: Record<string, Value>, context: Parameters<typeof expandFeature>[1]) =>
    expandFeature(request("comic", parameters), context).pipeline.steps.map(({ operation }) => operation?.$case);

  test("stays in the mesh unless the caller prefers a hosted model", () => {
    expect(casesOf({}, { ...nothing, remoteModels: comics })).toEqual(["prescale", "applyEffects"]);
    expect(casesOf(hosted, { ...nothing, remoteModels: comics })).toEqual(["prescale", "remoteModel"]);
    expect(mayUseHosted(request("comic"))).toBe(false);
    expect(mayUseHosted(request("comic", hosted))).toBe(true);
  });

  test("refuses a hosted model that it would not call", () => {
    const context = { ...nothing, remoteModels: comics };
    for (const parameters of [{ model: text("comic-model") }, { model: text("comic-model"), prefer: text("local") }])
      expect(refusal(() => casesOf(parameters, context))).toMatchObject({
        reason: "INVALID_ARGUMENT",
        fields: [{ field: "feature.parameters.model" }],
      });
    expect(casesOf({ ...hosted, model: text("comic-model") }, context)).toEqual(["prescale", "remoteModel"]);
  });

  test.each([
    ["there is no such model", nothing, "PIXELMESH_REMOTE_MANIFEST"],
    ["pictures may not leave the mesh", { remoteModels: comics, isRemoteAllowed: false }, "PIXELMESH_REMOTE_ALLOWED"],
  ])("is done locally where %s, with a notice", (_, context, why) => {
    expect(casesOf(hosted, context)).toEqual(["prescale", "applyEffects"]);
    const { notices } = expandFeature(request("comic", hosted), context);
    expect(notices).toEqual([{ stepId: "", kind: "local_way", text: expect.stringContaining(why) }]);
  });
});

test.each([
  ["another name", request("nope"), "UNKNOWN_FEATURE", "nope"],
  ["a version that never was", { ...request("clarity"), version: 99 }, "UNKNOWN_FEATURE", "clarity@99"],
  ["another parameter", request("clarity", { loud: number(1) }), "INVALID_ARGUMENT", "loud"],
  ["a value out of range", request("clarity", { amount: number(101) }), "INVALID_ARGUMENT", "from 0 to 100 %"],
  [
    "a second picture",
    request("replace_background", { picture: { kind: { $case: "input", value: 2 } } }),
    "INVALID_ARGUMENT",
    "upload `picture`",
  ],
  [
    "an output of a step",
    { ...request("clarity"), outputs: [{ name: "a", step: "clarity", encoding: undefined }] },
    "INVALID_ARGUMENT",
    "one result",
  ],
])("%s is refused", (_, asked, reason, words) => {
  const error = refusal(() => expandFeature(asked, nothing));
  expect(error.reason).toBe(reason);
  expect(error.message).toContain(words);
});

describe("in a plan", () => {
  const header = { feature: request("restore_face", { fidelity: number(0.25) }) };
  const world = {
    ...catalogue,
    remoteCurrency: "EUR",
    remoteModels: [
      {
        ...(catalogue.remoteModels[0] as RemoteModel),
        capabilities: ["restore_face"],
        price: { perCallMicros: 1_500, perSecondMicros: 100, expectedSeconds: 2.5 },
      },
    ],
  };
  const planned = (asked: Partial<CreateJobHeader>) =>
    planJob({
      jobId: "job-1",
      header: CreateJobHeader.create(asked),
      sources: [{ name: "source", sha256: sha("a"), info: undefined }],
      tenant: "default",
      nowUnixMs: 1,
      deadlineUnixMs: 2,
      catalogue: world,
      limits: { maxOutputPixels: 1e8 },
      ...(asked.feature
        ? { feature: expandFeature(asked.feature, { ...nothing, remoteModels: world.remoteModels }) }
        : {}),
    });

  test("the job shows the feature, what it costs, and that the picture leaves the mesh", () => {
    const spec = planned(header);
    expect(spec.feature).toBe("restore_face@1");
    // 1,500 for the call and 2.5 s at 100 each.
    expect(spec.steps[0]?.cost).toEqual({
      estimateMicros: 1_750,
      actualMicros: 0,
      savedMicros: 0,
      currency: "EUR",
      provider: "replicate",
    });
    expect(spec.notices).toEqual([
      { stepId: "restore_face", kind: "left_mesh", text: expect.stringContaining("replicate") },
    ]);
  });

  test("the same pipeline without the feature has the same resolved steps, so they share results", () => {
    const spec = planned(header);
    const { pipeline } = expandFeature(header.feature, { ...nothing, remoteModels: world.remoteModels });
    const plain = planned({ pipeline });
    expect(plain.steps).toEqual(spec.steps);
    expect(plain.feature).toBe("");
  });

  test("requests are told apart by their features, not by what these stand for today", () => {
    const digests = [
      planned(header),
      planned({ feature: request("restore_face", { fidelity: number(0.5) }) }),
      planned({ feature: { ...header.feature, version: 1 } }),
    ].map(({ requestDigest }) => requestDigest);
    expect(new Set(digests).size).toBe(3);
    expect(planned(header).requestDigest).toBe(digests[0]);
  });

  test("a pipeline beside a feature is refused", () => {
    const error = refusal(() => planned({ ...header, pipeline: { steps: [], outputs: [] } }));
    expect(error).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "feature" }] });
  });
});

test("every version can still be asked for", () => {
  for (const feature of features) expect(findFeature(feature)).toBe(feature);
});

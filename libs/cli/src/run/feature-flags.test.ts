import { parseFeatureText, parseRemoteModelText, UsageError } from "@pixelmesh/flag-values";
import { planFeature, planRemoteModel, toPipeline, toTypedFailure } from "@pixelmesh/pipeline-flags";
import { ParameterDescription, ParameterType, Pipeline } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { neededServices, parseRunFlags, type RunOptions } from "./flags.ts";

const parse = (options: Partial<RunOptions>) =>
  parseRunFlags(["a.jpg"], { quality: "auto", priority: "interactive", cache: true, address: "x:1", ...options });
const parameters = [
  { name: "amount", type: ParameterType.NUMBER },
  { name: "color", type: ParameterType.COLOR },
  { name: "prompt", type: ParameterType.TEXT },
  { name: "picture", type: ParameterType.INPUT },
].map((each) => ParameterDescription.fromPartial(each));
const takeAll = { refusalOf: () => undefined, nameOf: (_: string, index: number) => `picture-${index}` };

test("a feature is read with its version and settings, whose types the mesh knows", () => {
  const text = parseFeatureText("backdrop@2:amount=3,color=navy,prompt=a\\, b,picture=@b.jpg");
  expect(text).toMatchObject({ name: "backdrop", version: 2 });
  const flags = parse({ feature: text, format: "webp" });
  const { feature, files } = planFeature(text, flags, [{ name: "backdrop", parameters }], takeAll);
  expect(feature).toMatchObject({
    name: "backdrop",
    version: 2,
    parameters: {
      amount: { kind: { $case: "number", value: 3 } },
      color: { kind: { $case: "color", value: "#000080" } },
      prompt: { kind: { $case: "text", value: "a, b" } },
      picture: { kind: { $case: "input", value: 1 } },
    },
    outputs: [{ name: "result", step: "" }],
  });
  expect(files).toEqual([{ name: "picture", file: "b.jpg" }]);
});

test.each(["", "Comic", "comic@0", "comic@x", "comic:", "comic:a", "comic:a=1,a=2"])(
  "`--feature %s` is refused",
  (text) => {
    expect(() => parseFeatureText(text)).toThrow(UsageError);
  },
);

test("a feature is a whole pipeline, so flags for steps are refused beside it", () => {
  expect(() => parse({ feature: parseFeatureText("comic"), upscale: 2 })).toThrow("`--feature comic` beside some");
  expect(() => parse({ feature: parseFeatureText("comic"), remoteModel: parseRemoteModelText("m") })).toThrow(
    UsageError,
  );
});

test("a private mesh starts the services that a feature needs", () => {
  expect(neededServices(parse({ feature: parseFeatureText("product_photo") }))).toEqual([
    "ingest",
    "scheduler",
    "storage",
    "background",
    "effects",
  ]);
  expect(neededServices(parse({ feature: parseFeatureText("relight") }))).toContain("remote");
});

test("a hosted model runs after all other steps, with the types of the manifest", () => {
  const text = parseRemoteModelText("flux.2-pro:amount=3,picture=@b.jpg");
  const { remoteStep, files } = planRemoteModel(text, [{ name: "flux.2-pro", parameters }], takeAll);
  expect(files).toEqual([{ name: "picture-0", file: "b.jpg" }]);
  const flags = { ...parse({ remoteModel: text, maxSide: 800 }), remoteStep };
  const { steps } = toPipeline(flags, () => ({ effects: [], inputs: [] }));
  expect(steps.map(({ id }) => id)).toEqual(["prescale", "remote"]);
  expect(steps[1]).toMatchObject({
    inputs: [{ from: { value: "prescale" } }, { from: { value: "picture-0" } }],
    operation: {
      value: { model: "flux.2-pro", parameters: { amount: { kind: { value: 3 } }, picture: { kind: { value: 1 } } } },
    },
  });
});

test("settings of a hosted model have the names of its provider, also with upper-case letters", () => {
  expect(parseRemoteModelText("m:guidanceScale=3,num_steps=4").settings).toEqual({
    guidanceScale: "3",
    num_steps: "4",
  });
  expect(() => parseRemoteModelText("m:1a=3")).toThrow(UsageError);
  expect(() => parseFeatureText("comic:Dots=3")).toThrow(UsageError);
});

test("a failure names the typed flag in place of the request's field", () => {
  const flags = parse({ feature: parseFeatureText("comic:dots=99") });
  const failure = {
    reason: "INVALID_ARGUMENT",
    message: "Expected `feature.parameters.dots` to be a number from 0 to 24 px, got `99`",
  };
  expect(toTypedFailure(failure, flags, Pipeline.create(), []).message).toBe(
    "Expected `--feature comic:dots` to be a number from 0 to 24 px, got `99`",
  );
});

test("a failure of a hosted model names its setting", () => {
  const flags = parse({ remoteModel: parseRemoteModelText("m:guidanceScale=99") });
  const pipeline = toPipeline(flags, () => ({ effects: [], inputs: [] }));
  const explain = (field: string) =>
    toTypedFailure({ reason: "INVALID_ARGUMENT", message: `Expected \`${field}\` to be 1` }, flags, pipeline, [])
      .message;
  const path = "pipeline.steps[0].remote_model";
  expect(explain(`${path}.parameters.guidanceScale`)).toBe("Expected `--remote-model m:guidanceScale` to be 1");
  expect(explain(`${path}.parameters`)).toBe("Expected `--remote-model m` to be 1");
  expect(explain(`${path}.model`)).toBe("Expected `--remote-model m` to be 1");
});

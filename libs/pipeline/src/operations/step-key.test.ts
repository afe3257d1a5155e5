import { type Effect, PlannedStep, type UpscaleOperation, type Value } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutOut, pipeline, plan, sha, source, step, upscale } from "../../test/fixtures.ts";
import { degradedKey, stepKey } from "./step-key.ts";

const keyOf = (spec: ReturnType<typeof plan>, index = 0) => stepKey(spec.steps[index] as PlannedStep, [sha("picture")]);
const dither = (parameters: Effect["parameters"], id = "a") =>
  plan(pipeline([step(id, { $case: "applyEffects", value: { effects: [{ name: "dither", parameters }] } })]));

describe("the key of an upscale", () => {
  const key = (value: Partial<UpscaleOperation>) =>
    keyOf(
      plan(
        pipeline([step("a", { $case: "upscale", value: { scale: 0, model: "", ...value } })]),
        {},
        { sources: [source(10, 10)] },
      ),
    );

  test("differs exactly where the pixels differ", () => {
    const target = { widthPx: 40, heightPx: 0 };
    const keys = [
      key({ scale: 4 }),
      key({ scale: 3 }),
      key({ target }),
      key({ target: { widthPx: 41, heightPx: 0 } }),
      key({ scale: 4, finishing: { sharpen: 0.5, contrast: 0 } }),
      key({ scale: 4, finishing: { sharpen: 0, contrast: 0.5 } }),
      key({ scale: 4, model: "anime-x4" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(key({ scale: 0 })).toBe(keys[0]);
    expect(key({ scale: 4, finishing: { sharpen: 0, contrast: 0 } })).toBe(keys[0]);
    expect(key({ scale: 4, model: "fine-x4" })).toBe(keys[0]);
  });
});

const number = (value: number): Value => ({ kind: { $case: "number", value } });
const settings: Readonly<Record<string, Value[]>> = {
  levels: [number(2), number(3), number(16)],
  strength: [number(1), number(0), number(-0), number(0.5)],
  palette: ["mono", "cga"].map((value) => ({ kind: { $case: "text", value } })),
  serpentine: [true, false].map((value) => ({ kind: { $case: "flag", value } })),
  ink: ["#000000", "#AbCdEf", "#abcdef"].map((value) => ({ kind: { $case: "color", value } })),
};
const defaults: Readonly<Record<string, unknown>> = {
  levels: 2,
  strength: 1,
  palette: "mono",
  serpentine: true,
  ink: "#000000",
};

/** Some parameters in any order; the others are left out. */
const someSettings = fc
  .shuffledSubarray(Object.keys(settings))
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.constantFrom(...(settings[name] ?? [])).map((value) => [name, value] as const))),
  )
  .map((pairs) => Object.fromEntries(pairs) as Effect["parameters"]);

/** A slow reference: all parameters with their defaults, in a fixed order. */
const meaning = (parameters: Effect["parameters"]) =>
  Object.keys(defaults).map((name) => {
    const given = parameters[name]?.kind?.value ?? defaults[name];
    return typeof given === "string" ? given.toLowerCase() : typeof given === "number" ? given + 0 : given;
  });

describe("a step's key", () => {
  test("is equal exactly when the resolved parameters are, in any order, with defaults written or left out", () => {
    fc.assert(
      fc.property(someSettings, someSettings, (one, other) => {
        const isSame = JSON.stringify(meaning(one)) === JSON.stringify(meaning(other));
        expect(keyOf(dither(one)) === keyOf(dither(other, "renamed"))).toBe(isSame);
      }),
      { numRuns: 150 },
    );
  });

  test("is equal exactly when operation, revision, inputs in order, model digest and precision are", () => {
    const fields = fc.record({
      operation: fc.constantFrom(upscale(2, "m"), upscale(4, "m"), cutOut("m")),
      operationRevision: fc.constantFrom(1, 2),
      modelDigest: fc.constantFrom("aa", "bb"),
      inputs: fc.constantFrom(["x"], ["x", "y"], ["y", "x"], ["xy"]),
      precision: fc.constantFrom("fp32", "fp16"),
    });
    const key = ({ operation, inputs, precision, ...more }: typeof fields extends fc.Arbitrary<infer T> ? T : never) =>
      stepKey({ ...PlannedStep.fromPartial({ step: step("s", operation) }), ...more }, inputs, precision);
    fc.assert(
      fc.property(fields, fields, (one, other) => {
        expect(key(one) === key(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  test("depends on the model's file, not on its name", () => {
    const spec = plan(pipeline([step("a", upscale(4, "fine-x4"))]));
    const planned = spec.steps[0] as PlannedStep;
    const renamed = { ...planned, step: step("b", upscale(4, "alias")) };
    expect(stepKey(renamed, ["x"])).toBe(stepKey(planned, ["x"]));
    const unknown = { ...planned, modelDigest: "" };
    expect(stepKey({ ...unknown, step: step("b", upscale(4, "alias")) }, ["x"])).not.toBe(stepKey(unknown, ["x"]));
  });

  test("is 64 hex digits, and the key of its degraded result is valid in a KV bucket", () => {
    const key = keyOf(dither({}));
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(degradedKey(key)).toMatch(/^[-/_=.a-zA-Z0-9]+$/);
    expect(degradedKey(key)).not.toBe(key);
  });
});

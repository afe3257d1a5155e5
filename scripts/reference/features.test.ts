import {
  FeatureRequest,
  Model,
  type ParameterDescription,
  ParameterType,
  RemoteModel,
  type Value,
} from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultRequest, expandFeature, newestFeatures, validatePipeline } from "../../libs/pipeline/src/index.ts";
import { effectDescriptions } from "../../services/effects/src/domain/catalogue/catalogue.ts";

const hosted = [...new Set(newestFeatures().flatMap(({ hosted: way }) => (way ? [way.capability] : [])))].map(
  (capability) =>
    RemoteModel.create({ name: capability, provider: "acme", capabilities: [capability], available: true }),
);
const model = (name: string, task: string, scale: number) =>
  Model.create({ name, task, scale, digest: name, available: true, isDefault: true });
/** The effects that the mesh really has. */
const catalogue = {
  effects: effectDescriptions(),
  upscaleModels: [model("x2", "upscale", 2), model("x4", "upscale", 4)],
  matteModels: [model("matte", "matte", 1)],
  remoteModels: hosted,
};
const context = { remoteModels: hosted, isRemoteAllowed: true };

/** Any value that a parameter's description allows. */
function values(parameter: ParameterDescription): fc.Arbitrary<Value> {
  const { type, minimum: min, maximum: max, choices, defaultValue } = parameter;
  switch (type) {
    case ParameterType.NUMBER:
      return fc.double({ min, max, noNaN: true }).map((value) => ({ kind: { $case: "number", value } }));
    case ParameterType.INTEGER:
      return fc.integer({ min, max }).map((value) => ({ kind: { $case: "number", value } }));
    case ParameterType.CHOICE:
      return fc.constantFrom(...choices).map((value) => ({ kind: { $case: "text", value } }));
    case ParameterType.COLOR:
      return fc
        .integer({ min: 0, max: 0xffffff })
        .map((value) => ({ kind: { $case: "color", value: `#${value.toString(16).padStart(6, "0")}` } }));
    case ParameterType.INPUT:
      return fc.constantFrom(0, 1).map((value) => ({ kind: { $case: "input", value } }));
    default:
      return fc.constant(defaultValue ?? { kind: undefined });
  }
}

test.each(newestFeatures().map((feature) => [feature.name, feature] as const))(
  "%s is a valid pipeline of this release's effects for every value that its parameters allow",
  (_, feature) => {
    const settings = fc.record(Object.fromEntries(feature.parameters.map((each) => [each.name, values(each)])));
    fc.assert(
      fc.property(settings, (parameters) => {
        const request = FeatureRequest.create({ ...defaultRequest(feature), parameters });
        // A hosted model without parameters refuses those that a caller gives.
        const passed = new Set(feature.hosted?.passes);
        for (const name of passed) delete request.parameters[name];
        const { pipeline } = expandFeature(request, context);
        validatePipeline(pipeline, ["source", "picture"], catalogue);
        expect(pipeline.outputs).toEqual([{ name: "result", step: pipeline.steps.at(-1)?.id, encoding: undefined }]);
      }),
      { numRuns: 200 },
    );
  },
);

test("every parameter has a description, a default within its range, and a unit where it is a length", () => {
  for (const { name, parameters } of newestFeatures())
    for (const parameter of parameters) {
      const place = `${name}.${parameter.name}`;
      expect(parameter.name, place).toMatch(/^[a-z][a-z0-9_]{0,31}$/);
      expect(parameter.description, place).toMatch(/\.$|command line\.$/);
      const { kind } = parameter.defaultValue ?? {};
      if (kind?.$case !== "number") continue;
      expect(kind.value, place).toBeGreaterThanOrEqual(parameter.minimum);
      expect(kind.value, place).toBeLessThanOrEqual(parameter.maximum);
    }
});

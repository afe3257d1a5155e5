import { EffectDescription } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { applyEffects } from "./apply-effects.ts";

const named = (name: string) => ({ name, parameters: {} });
const effects = [
  EffectDescription.fromPartial({ name: "grey", revision: 3 }),
  EffectDescription.fromPartial({ name: "dots", revision: 5 }),
  EffectDescription.fromPartial({ name: "preset:old", revision: 1, chain: [named("grey"), named("dots")] }),
];
const catalogue = { upscaleModels: [], matteModels: [], effects };
const resolve = (...names: string[]) =>
  applyEffects.resolve({ effects: names.map(named) }, { catalogue, input: undefined, path: "op" });

test("a preset is resolved to its chain, so it has the result key of that chain", () => {
  expect(resolve("preset:old", "grey")).toEqual(resolve("grey", "dots", "grey"));
  expect(resolve("preset:old").dependsOn).toEqual([
    ["grey", 3],
    ["dots", 5],
  ]);
});

test("the effects of presets count towards the longest chain", () => {
  expect(resolve(...Array(8).fill("preset:old")).value.effects).toHaveLength(16);
  expect(() => resolve(...Array(9).fill("preset:old"))).toThrow(
    "Expected `op.effects` to be at most 16 effects, those of presets included, got `18`",
  );
});

test("a preset has no parameters", () => {
  const value = {
    effects: [{ name: "preset:old", parameters: { level: { kind: { $case: "flag" as const, value: true } } } }],
  };
  expect(() => applyEffects.assertKnown(value, "op", catalogue)).toThrow("Expected `op.effects[0].parameters`");
});

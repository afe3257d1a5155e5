import { EffectDescription } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { applyEffects } from "./apply-effects.ts";

const named = (name: string) => ({ name, parameters: {} });
const effects = [
  EffectDescription.fromPartial({ name: "grey", revision: 3 }),
  EffectDescription.fromPartial({ name: "dots", revision: 5 }),
  EffectDescription.fromPartial({ name: "preset:old", revision: 1, chain: [named("grey"), named("dots")] }),
];
const catalogue = { upscaleModels: [], matteModels: [], effects, remoteModels: [] };
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

const effect = (name: string, more: Partial<EffectDescription> = {}) =>
  EffectDescription.fromPartial({ name, ...more });

test("a set of effects runs in the default order, those without a rank in their places", () => {
  const known = [
    effect("noise", { defaultRank: 1 }),
    effect("blur", { defaultRank: 2 }),
    effect("shake", { defaultRank: 3 }),
    effect("motion", { defaultRank: 4 }),
    effect("sepia"),
    effect("preset:old", { chain: [named("motion"), named("noise")] }),
  ];
  const order = (defaultOrder: boolean, ...names: string[]) => {
    const context = { catalogue: { ...catalogue, effects: known }, input: undefined, path: "op" };
    const { value } = applyEffects.resolve({ effects: names.map(named), defaultOrder }, context);
    expect(value).not.toHaveProperty("defaultOrder");
    return value.effects.map(({ name }) => name);
  };
  const given = ["motion", "sepia", "shake", "noise", "blur"];
  expect(order(false, ...given)).toEqual(given);
  expect(order(true, ...given)).toEqual(["noise", "sepia", "blur", "shake", "motion"]);
  expect(order(true, "preset:old", "sepia")).toEqual(["noise", "motion", "sepia"]);
});

test("the size of a result is unknown after an effect that may change it, or that is not known", () => {
  const size = { widthPx: 30, heightPx: 20 };
  const known = [effect("grey"), effect("crop", { changesSize: true })];
  const sizeOf = (...names: string[]) => applyEffects.resultSize({ effects: names.map(named) }, size, known);
  expect(sizeOf("grey", "grey")).toEqual(size);
  expect(sizeOf("grey", "crop")).toEqual({ widthPx: 0, heightPx: 0 });
  expect(sizeOf("other")).toEqual({ widthPx: 0, heightPx: 0 });
});

/** A chain of effects that take further pictures by their places. */
const taking = (...places: number[]) => ({
  effects: places.map((value) => ({
    name: "mark",
    parameters: { picture: { kind: { $case: "input" as const, value } } },
  })),
});

test("a step has an input for each further picture that its effects take, however often", () => {
  const namesOf = (...places: number[]) => applyEffects.inputs(taking(...places)).map(({ name }) => name);
  expect(namesOf(0)).toEqual(["picture"]);
  expect(namesOf(1)).toEqual(["picture", "picture 2"]);
  expect(namesOf(2, 1, 2, 0)).toEqual(["picture", "picture 2", "picture 3"]);
});

test("each further picture is taken, and there are at most four", () => {
  const validate = (...places: number[]) => applyEffects.validate(taking(...places), "op");
  expect(() => validate(4, 3, 2, 1)).not.toThrow();
  expect(() => validate(1, 3)).toThrow(
    "Expected `op.effects` to be such that an effect takes each further picture, got `none that takes input 2`",
  );
  expect(() => validate(5)).toThrow("Expected `op.effects` to be with at most 4 further pictures, got `5`");
});

import { expect, test } from "vitest";
import { withTypedEffects } from "./known-effects.ts";

const effects = [
  { name: "dither", settings: {} },
  { name: "preset:vhs", settings: {} },
];

test.each([
  ["Expected `operation.effects[0].parameters.levels` to be 2", "Expected `--effect dither:levels` to be 2"],
  ["Expected `operation.effects[0].parameters` to be empty", "Expected `--effect dither` to be empty"],
  ["Expected `operation.effects[1]` to be known", "Expected `--effect preset:vhs` to be known"],
  ["Expected `operation.effects` to be at most 16 effects", "Expected `--effect` to be at most 16 effects"],
  ["Expected `operation.scale` to be 2", "Expected `operation.scale` to be 2"],
])("the failure %s names the typed flag", (given, typed) => expect(withTypedEffects(given, effects)).toBe(typed));

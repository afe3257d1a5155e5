import type { EffectDescription } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toEffectJson } from "./effect-json.ts";

test("the JSON of a preset has plain values for the settings of its chain", () => {
  const preset: EffectDescription = {
    name: "preset:vhs",
    title: "VHS",
    description: "An old tape.",
    parameters: [],
    revision: 1,
    group: "preset",
    changesSize: false,
    defaultRank: 0,
    chain: [
      {
        name: "dither",
        parameters: {
          levels: { kind: { $case: "number", value: 4 } },
          dark: { kind: { $case: "color", value: "#102030" } },
          serpentine: { kind: { $case: "flag", value: true } },
        },
      },
    ],
  };
  expect(toEffectJson(preset)).toEqual({
    name: "preset:vhs",
    title: "VHS",
    description: "An old tape.",
    parameters: [],
    revision: 1,
    group: "preset",
    changesSize: false,
    defaultRank: 0,
    chain: [{ name: "dither", parameters: { levels: 4, dark: "#102030", serpentine: true } }],
  });
});

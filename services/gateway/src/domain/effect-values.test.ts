import { EffectDescription, ParameterType } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { hasPlainValues, withoutPlainValues } from "./effect-values.ts";

const catalogue = [
  EffectDescription.fromPartial({
    name: "dither",
    parameters: [
      { name: "levels", type: ParameterType.INTEGER },
      { name: "dark", type: ParameterType.COLOR },
      { name: "serpentine", type: ParameterType.FLAG },
      { name: "method", type: ParameterType.CHOICE },
    ],
  }),
];

test("plain settings become those of the contract, by the types of the catalogue", () => {
  const effect = { name: "dither", parameters: { levels: 4, dark: "navy", serpentine: true, method: "bayer" } };
  expect(hasPlainValues({ steps: [{ applyEffects: { effects: [effect] } }] })).toBe(true);
  expect(withoutPlainValues([effect], catalogue)).toEqual([
    {
      name: "dither",
      parameters: {
        levels: { number: 4 },
        dark: { color: "#000080" },
        serpentine: { flag: true },
        method: { text: "bayer" },
      },
    },
  ]);
});

test("settings of the contract stay, also beside plain ones", () => {
  const typed = { name: "dither", parameters: { levels: { number: 4 } } };
  expect(hasPlainValues([typed, { parameters: { a: 1 } }, null, "x"])).toBe(false);
  expect(withoutPlainValues(typed, catalogue)).toEqual(typed);
  expect(
    withoutPlainValues({ name: "dither", parameters: { levels: { number: 4 }, dark: "#123" } }, catalogue),
  ).toEqual({
    name: "dither",
    parameters: { levels: { number: 4 }, dark: { color: "#112233" } },
  });
});

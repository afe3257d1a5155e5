import { EffectDescription, FeatureDescription, ParameterType, RemoteModel } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { plainValueLists, withoutPlainValues } from "./effect-values.ts";

const effects = [
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
const feature = {
  name: "dither",
  parameters: [
    { name: "levels", type: ParameterType.NUMBER },
    { name: "dark", type: ParameterType.TEXT },
    { name: "picture", type: ParameterType.INPUT },
  ],
};
const catalogue = {
  effects,
  features: [FeatureDescription.fromPartial(feature)],
  remoteModels: [RemoteModel.fromPartial(feature)],
};

test("plain settings become those of the contract, by the types of the catalogue", () => {
  const effect = { name: "dither", parameters: { levels: 4, dark: "navy", serpentine: true, method: "bayer" } };
  expect([...plainValueLists({ steps: [{ applyEffects: { effects: [effect] } }] })]).toEqual(["effects"]);
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
  expect([...plainValueLists([typed, { parameters: { a: 1 } }, null, "x"])]).toEqual([]);
  expect(withoutPlainValues(typed, catalogue)).toEqual(typed);
  expect(
    withoutPlainValues({ name: "dither", parameters: { levels: { number: 4 }, dark: "#123" } }, catalogue),
  ).toEqual({
    name: "dither",
    parameters: { levels: { number: 4 }, dark: { color: "#112233" } },
  });
});

test("the settings of a feature and of a hosted model have their own types, not those of an effect of the same name", () => {
  const parameters = { levels: 0.5, dark: "navy" };
  const typed = { levels: { number: 0.5 }, dark: { text: "navy" } };
  const header = {
    feature: { name: "dither", parameters },
    pipeline: { steps: [{ id: "a", remoteModel: { model: "dither", parameters } }] },
  };
  expect([...plainValueLists(header)]).toEqual(["features", "remoteModels"]);
  expect(withoutPlainValues(header, catalogue)).toEqual({
    feature: { name: "dither", parameters: typed },
    pipeline: { steps: [{ id: "a", remoteModel: { model: "dither", parameters: typed } }] },
  });
});

test("numbers keep their value, also where their text has an exponent, and places of pictures are numbers", () => {
  const settingsOf = (parameters: object) => withoutPlainValues({ feature: { name: "dither", parameters } }, catalogue);
  expect(settingsOf({ levels: 1e-7, picture: 1 })).toEqual({
    feature: { name: "dither", parameters: { levels: { number: 1e-7 }, picture: { input: 1 } } },
  });
  expect(settingsOf({ levels: 1e21, picture: "0" })).toEqual({
    feature: { name: "dither", parameters: { levels: { number: 1e21 }, picture: { input: 0 } } },
  });
  // The mesh refuses these with their field.
  for (const picture of ["@beach", -1, 0.5])
    expect(settingsOf({ picture })).toEqual({
      feature: { name: "dither", parameters: { picture: { text: String(picture) } } },
    });
});

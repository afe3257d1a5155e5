import { chooseMatteModel } from "./choose-model.ts";
import { defineOperation } from "./operation.ts";

/** Cuts the salient object out. */
export const removeBackground = defineOperation({
  case: "removeBackground",
  name: "remove_background",
  role: "background",
  revision: 1,
  usesModel: true,
  catalogueList: "matteModels",
  addsAlpha: true,
  enlarges: false,
  numbers: {},
  inputs: () => [{ name: "picture" }],
  assertKnown(value, _, catalogue) {
    chooseMatteModel(value, catalogue);
  },
  resolve(value, { catalogue }) {
    const { name, digest } = chooseMatteModel(value, catalogue);
    return { value: { model: name }, modelDigest: digest };
  },
  keyParameters: (value, modelDigest) => ({ ...value, model: modelDigest === "" ? value.model : "" }),
  modelName: ({ model }) => model,
  resultSize: (_, input) => input,
  // The model works at a fixed size: most of the cost does not depend on the picture.
  expectedCost: { curve: { startMs: 300, msPerMegapixel: 60 }, variant: ({ model }) => [model] },
});

import { expected } from "@pixelmesh/errors";
import { canonicalColor } from "../values/color.ts";
import { defineOperation } from "./operation.ts";

/** Puts a colour, a picture or a blur behind a cut-out. */
export const replaceBackground = defineOperation({
  case: "replaceBackground",
  name: "replace_background",
  role: "background",
  revision: 1,
  usesModel: false,
  catalogueList: undefined,
  addsAlpha: false,
  enlarges: false,
  numbers: { background: { blurSigmaPx: { least: 0.3, most: 100 } } },
  inputs({ background }) {
    const cutOut = { name: "cut-out" };
    switch (background?.$case) {
      case "picture":
        return [cutOut, { name: "background" }];
      case "blurSigmaPx":
        return [cutOut, { name: "original picture", isSizeOfFirst: true }];
      case "color":
      case undefined:
        return [cutOut];
    }
  },
  validate({ background }, path) {
    if (background === undefined) throw expected(`${path}.background`, "color, blur_sigma_px or picture", "nothing");
    if (background.$case === "color" && canonicalColor(background.value, false) === undefined)
      throw expected(`${path}.color`, "a colour such as `#rrggbb`", background.value);
  },
  resolve({ background }) {
    if (background?.$case !== "color") return { value: { background } };
    const value = canonicalColor(background.value, false) ?? background.value;
    return { value: { background: { $case: "color", value } } };
  },
  resultSize: (_, input) => input,
  expectedCost: {
    curve: { startMs: 10, msPerMegapixel: 40 },
    variant: ({ background }) => [background?.$case ?? "none"],
  },
});

import { expected } from "@pixelmesh/errors";
import type { ReplaceBackgroundOperation } from "@pixelmesh/proto";

/** The new background of a cut-out. */
export type Replacement =
  /** One sRGB colour, 8-bit samples. */
  | { readonly kind: "color"; readonly rgb: readonly [red: number, green: number, blue: number] }
  /** The picture that the cut-out was made from, blurred. */
  | { readonly kind: "blur"; readonly sigmaPx: number }
  /** Another picture, scaled to cover and centred. */
  | { readonly kind: "picture" };

const minSigmaPx = 0.3;
const maxSigmaPx = 100;

/** Checks a request. Throws INVALID_ARGUMENT with the field, below `field`, for a missing or wrong background. */
export function parseReplacement(operation: ReplaceBackgroundOperation, field = "replace_background"): Replacement {
  const { background } = operation;
  switch (background?.$case) {
    case "color": {
      if (!/^#[0-9a-f]{6}$/i.test(background.value))
        throw expected(`${field}.color`, "a colour as #rrggbb", background.value);
      const bits = Number.parseInt(background.value.slice(1), 16);
      return { kind: "color", rgb: [bits >> 16, (bits >> 8) & 255, bits & 255] };
    }
    case "blurSigmaPx": {
      const sigmaPx = background.value;
      if (sigmaPx >= minSigmaPx && sigmaPx <= maxSigmaPx) return { kind: "blur", sigmaPx };
      throw expected(`${field}.blur_sigma_px`, `a number from ${minSigmaPx} to ${maxSigmaPx}`, sigmaPx);
    }
    case "picture":
      return { kind: "picture" };
    default:
      throw expected(field, "a colour, a blur or a picture", "nothing");
  }
}

import { expected } from "@pixelmesh/errors";
import {
  type GradientBackground,
  type PictureBackground,
  PictureFit,
  type ReplaceBackgroundOperation,
} from "@pixelmesh/proto";

/** An sRGB colour, 8-bit samples. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How a picture fills a background. */
export type Fit = "cover" | "contain" | "stretch" | "tile";

/** The place of a picture in a background: how, where (0 left and top, 1 right and bottom), and the colour around it. */
export type Placement = { readonly fit: Fit; readonly x: number; readonly y: number; readonly rgb: Rgb };

/** The new background of a cut-out. */
export type Replacement =
  | { readonly kind: "color"; readonly rgb: Rgb }
  /** Colours at even distances. Degrees clockwise from upwards. */
  | { readonly kind: "gradient"; readonly colors: readonly Rgb[]; readonly angle: number }
  /** The picture that the cut-out was made from, blurred. */
  | { readonly kind: "blur"; readonly sigmaPx: number }
  /** Another picture. */
  | ({ readonly kind: "picture" } & Placement);

const minSigmaPx = 0.3;
const maxSigmaPx = 100;

/** Checks a request. Throws INVALID_ARGUMENT with the field, below `field`, for a missing or wrong background. */
export function parseReplacement(operation: ReplaceBackgroundOperation, field = "replace_background"): Replacement {
  const { background } = operation;
  switch (background?.$case) {
    case "color":
      return { kind: "color", rgb: parseColor(background.value, `${field}.color`) };
    case "blurSigmaPx": {
      const sigmaPx = within(background.value, minSigmaPx, maxSigmaPx, `${field}.blur_sigma_px`);
      return { kind: "blur", sigmaPx };
    }
    case "picture":
      return { kind: "picture", ...parsePlacement(background.value, `${field}.picture`) };
    case "gradient":
      return { kind: "gradient", ...parseGradient(background.value, `${field}.gradient`) };
    default:
      throw expected(field, "a colour, a gradient, a blur or a picture", "nothing");
  }
}

const fits: Readonly<Partial<Record<PictureFit, Fit>>> = {
  [PictureFit.CONTAIN]: "contain",
  [PictureFit.STRETCH]: "stretch",
  [PictureFit.TILE]: "tile",
};

function parsePlacement(picture: PictureBackground, field: string): Placement {
  const { fit = PictureFit.COVER, positionX = 0.5, positionY = 0.5, color = "#ffffff" } = picture;
  const x = within(positionX, 0, 1, `${field}.position_x`);
  const y = within(positionY, 0, 1, `${field}.position_y`);
  return { fit: fits[fit] ?? "cover", x, y, rgb: parseColor(color, `${field}.color`) };
}

function parseGradient({ colors, angle }: GradientBackground, field: string) {
  if (colors.length < 2 || colors.length > 8) throw expected(`${field}.colors`, "2 to 8 colours", colors.length);
  return {
    colors: colors.map((color, index) => parseColor(color, `${field}.colors[${index}]`)),
    angle: within(angle, 0, 360, `${field}.angle`),
  };
}

function parseColor(text: string, field: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw expected(field, "a colour as #rrggbb", text);
  const bits = Number.parseInt(text.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}

function within(value: number, least: number, most: number, field: string): number {
  if (value >= least && value <= most) return value;
  throw expected(field, `a number from ${least} to ${most}`, value);
}

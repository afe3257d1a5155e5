import { toHexColor } from "./css-colors.ts";
import { UsageError, wrongFlag } from "./usage-error.ts";

/** The new background of a cut-out. */
export type Background =
  | { readonly kind: "color"; readonly color: string }
  | { readonly kind: "gradient"; readonly colors: readonly string[]; readonly angle: number }
  | { readonly kind: "blur"; readonly sigmaPx: number }
  | { readonly kind: "picture"; readonly path: string };

/** Where a picture lies in a background: 0 left and top, 1 right and bottom. */
export type Position = readonly [x: number, y: number];

/**
 * Parses a colour (`#rrggbb`, `#rgb` or a CSS name), `blur:N` (N from 0.3 to 100, in pixels), `gradient:COLOUR,COLOUR,…[@ANGLE]` or the path of a picture. A file with the
 * name of a colour is given as `./red`. Throws UsageError.
 */
export function parseBackground(text: string): Background {
  const color = toHexColor(text);
  if (color?.length === 7) return { kind: "color", color };
  if (text.startsWith("blur:")) {
    const sigmaPx = /^\d+(\.\d+)?$/.test(text.slice(5)) ? Number(text.slice(5)) : Number.NaN;
    if (sigmaPx >= 0.3 && sigmaPx <= 100) return { kind: "blur", sigmaPx };
    throw wrongFlag("--background", "blur:N with N from 0.3 to 100", text);
  }
  if (text.startsWith("gradient:")) return parseGradient(text);
  if (text === "" || text.startsWith("#") || text === "-")
    throw wrongFlag(
      "--background",
      "an opaque colour such as #rrggbb or white, gradient:…, blur:N or the path of a picture",
      text,
    );
  return { kind: "picture", path: text };
}

const gradientForm = "gradient:COLOUR,COLOUR,… of 2 to 8 colours, and @ANGLE from 0 to 360 if it is not 180";

function parseGradient(text: string): Background {
  const [list = "", angle = "180", ...more] = text.slice("gradient:".length).split("@");
  const colors = list.split(",").map(toHexColor);
  const opaque = colors.filter((color) => color?.length === 7) as string[];
  const isAngle = more.length === 0 && /^\d{1,3}(\.\d+)?$/.test(angle) && Number(angle) <= 360;
  if (isAngle && opaque.length === colors.length && colors.length >= 2 && colors.length <= 8)
    return { kind: "gradient", colors: opaque, angle: Number(angle) };
  throw wrongFlag("--background", gradientForm, text);
}

/** Values of `--background-fit`. */
export const fits = ["cover", "contain", "stretch", "tile"] as const;

/** Parses `X,Y`, each from 0 to 1. Throws UsageError. */
export function parsePosition(text: string): Position {
  const [x = Number.NaN, y = Number.NaN] = /^(\d*\.?\d+),(\d*\.?\d+)$/.test(text) ? text.split(",").map(Number) : [];
  if (x >= 0 && x <= 1 && y >= 0 && y <= 1) return [x, y];
  throw wrongFlag("--background-position", "X,Y with numbers from 0 (left, top) to 1 (right, bottom)", text);
}

/** Parses an opaque colour. Throws UsageError. */
export function parseBackgroundColor(text: string): string {
  const color = toHexColor(text);
  if (color?.length === 7) return color;
  throw wrongFlag("--background-color", "an opaque colour such as #rrggbb or white", text);
}

/** The options of `run` that say how a background picture is placed. */
export type PlacementOptions = {
  readonly background?: Background;
  readonly backgroundFit?: (typeof fits)[number];
  readonly backgroundPosition?: Position;
  readonly backgroundColor?: string;
};

/** How a background picture is placed; what is left out has its default. */
export type Placement = { readonly fit?: (typeof fits)[number]; readonly position?: Position; readonly color?: string };

/** Returns how a background picture is placed. Throws UsageError for such options without a picture. */
export function toPlacement(options: PlacementOptions): Placement {
  const { background, backgroundFit: fit, backgroundPosition: position, backgroundColor: color } = options;
  if (background?.kind !== "picture") {
    const given = { fit, position, color };
    const name = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    if (name !== undefined) throw new UsageError(`Expected \`--background-${name}\` beside \`--background PICTURE\``);
  }
  return {
    ...(fit === undefined ? {} : { fit }),
    ...(position === undefined ? {} : { position }),
    ...(color === undefined ? {} : { color }),
  };
}

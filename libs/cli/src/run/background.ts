import { toHexColor } from "../options/css-colors.ts";
import { wrongFlag } from "../options/usage-error.ts";

/** The new background of a cut-out. */
export type Background =
  | { readonly kind: "color"; readonly color: string }
  | { readonly kind: "blur"; readonly sigmaPx: number }
  | { readonly kind: "picture"; readonly path: string };

/**
 * Parses a colour (`#rrggbb`, `#rgb` or a CSS name), `blur:N` (N from 0.3 to 100, in pixels) or the path of a picture. A file with the
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
  if (text === "" || text.startsWith("#") || text === "-")
    throw wrongFlag("--background", "an opaque colour such as #rrggbb or white, blur:N or the path of a picture", text);
  return { kind: "picture", path: text };
}

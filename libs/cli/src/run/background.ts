import { wrongFlag } from "../usage-error.ts";

/** What is put behind the cut-out. */
export type Background =
  | { readonly kind: "color"; readonly color: string }
  | { readonly kind: "blur"; readonly sigmaPx: number }
  | { readonly kind: "picture"; readonly path: string };

/** Reads `#rrggbb`, `blur:N` (N from 0.3 to 100, in pixels) or the path of a picture. Throws UsageError. */
export function parseBackground(text: string): Background {
  if (/^#[0-9a-f]{6}$/i.test(text)) return { kind: "color", color: text.toLowerCase() };
  if (text.startsWith("blur:")) {
    const sigmaPx = /^\d+(\.\d+)?$/.test(text.slice(5)) ? Number(text.slice(5)) : Number.NaN;
    if (sigmaPx >= 0.3 && sigmaPx <= 100) return { kind: "blur", sigmaPx };
    throw wrongFlag("--background", "blur:N with N from 0.3 to 100", text);
  }
  if (text === "" || text.startsWith("#"))
    throw wrongFlag("--background", "#rrggbb, blur:N or the path of a picture", text);
  return { kind: "picture", path: text };
}

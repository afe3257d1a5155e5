import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** One step of an outline in font units, y upwards. TrueType fonts have no cubic curves. */
export type OutlineStep =
  | { readonly command: "moveTo" | "lineTo"; readonly args: readonly [x: number, y: number] }
  | {
      readonly command: "quadraticCurveTo";
      readonly args: readonly [controlX: number, controlY: number, x: number, y: number];
    }
  | { readonly command: "closePath"; readonly args: readonly [] };

/** A glyph: its outline, and the smallest box around it. */
export type Glyph = {
  readonly path: { readonly commands: readonly OutlineStep[] };
  readonly bbox: { readonly minX: number; readonly minY: number; readonly maxX: number; readonly maxY: number };
};

/** Where a glyph lies, relative to the one before it, in font units. */
export type GlyphPosition = { readonly xAdvance: number; readonly xOffset: number; readonly yOffset: number };

/** Characters of one font file. */
export type FontFace = {
  readonly unitsPerEm: number;
  hasGlyphForCodePoint(codePoint: number): boolean;
  /** Returns the glyphs of a text, kerned, with combining marks in their places. The features change the font's defaults. */
  layout(
    text: string,
    features: Readonly<Record<string, boolean>>,
  ): { readonly glyphs: readonly Glyph[]; readonly positions: readonly GlyphPosition[] };
};

type Fontkit = { create(bytes: Uint8Array): FontFace };

// Together these files have the Latin, Greek and Cyrillic letters of Inter Bold, each in one of them (docs/adr/0089).
const subsets = ["latin", "latin-ext", "vietnamese", "greek", "greek-ext", "cyrillic", "cyrillic-ext"];
const faces = new Map<string, FontFace>();

/** Returns the font file that has a character, read with its first use; undefined if none has it. */
export function findFace(codePoint: number): FontFace | undefined {
  for (const subset of subsets) {
    const face = faces.get(subset) ?? load(subset);
    if (face.hasGlyphForCodePoint(codePoint)) return face;
  }
  return undefined;
}

function load(subset: string): FontFace {
  const { create } = require("fontkit") as Fontkit;
  const face = create(readFileSync(require.resolve(`@fontsource/inter/files/inter-${subset}-700-normal.woff`)));
  faces.set(subset, face);
  return face;
}

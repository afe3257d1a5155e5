import { type FontFace, findFace, type Glyph } from "../../fonts/font-faces.ts";

/** A glyph in its place on a line of text. Lengths are in em; the line begins at 0 and its baseline is at 0, y upwards. */
export type PlacedGlyph = {
  readonly glyph: Glyph;
  readonly unitsPerEm: number;
  readonly x: number;
  readonly y: number;
};

/** A line of text, and the smallest box around the ink of its glyphs. */
export type GlyphLine = {
  readonly glyphs: readonly PlacedGlyph[];
  readonly ink: { readonly left: number; readonly right: number; readonly bottom: number; readonly top: number };
};

// Contextual alternates would turn "->" into an arrow. A mark shows what was typed.
const features = { calt: false };

/** Returns the first character of a text that the font lacks. */
export function missingCharacter(text: string): string | undefined {
  return [...text].find((character) => findFace(codeOf(character)) === undefined);
}

/**
 * Lays a text out in one line, from left to right: the scripts of the font have no other direction. Undefined for a text without ink. The font has all of
 * its characters.
 */
export function layOutLine(text: string): GlyphLine | undefined {
  const glyphs: PlacedGlyph[] = [];
  let x = 0;
  for (const { face, text: run } of toRuns(text)) {
    const { unitsPerEm } = face;
    const { glyphs: found, positions } = face.layout(run, features);
    for (const [index, glyph] of found.entries()) {
      const { xAdvance = 0, xOffset = 0, yOffset = 0 } = positions[index] ?? {};
      glyphs.push({ glyph, unitsPerEm, x: x + xOffset / unitsPerEm, y: yOffset / unitsPerEm });
      x += xAdvance / unitsPerEm;
    }
  }
  const visible = glyphs.filter(({ glyph }) => glyph.path.commands.length > 0);
  if (visible.length === 0) return undefined;
  const edges = (edge: (placed: PlacedGlyph) => number) => visible.map(edge);
  return {
    glyphs: visible,
    ink: {
      left: Math.min(...edges(({ glyph, unitsPerEm, x }) => x + glyph.bbox.minX / unitsPerEm)),
      right: Math.max(...edges(({ glyph, unitsPerEm, x }) => x + glyph.bbox.maxX / unitsPerEm)),
      bottom: Math.min(...edges(({ glyph, unitsPerEm, y }) => y + glyph.bbox.minY / unitsPerEm)),
      top: Math.max(...edges(({ glyph, unitsPerEm, y }) => y + glyph.bbox.maxY / unitsPerEm)),
    },
  };
}

/** Cuts a text where the next character is in another font file. Characters of several files stay with those before them. */
function toRuns(text: string): readonly { readonly face: FontFace; readonly text: string }[] {
  const runs: { face: FontFace; text: string }[] = [];
  for (const character of text) {
    const run = runs.at(-1);
    if (run?.face.hasGlyphForCodePoint(codeOf(character))) run.text += character;
    else {
      const face = findFace(codeOf(character));
      if (face !== undefined) runs.push({ face, text: character });
    }
  }
  return runs;
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

import type { Pace } from "@pixelmesh/lifecycle";
import { luminanceWeights, type Rgb, toEncoded, toLinear } from "../color/color.ts";
import type { Size } from "../composition/length.ts";
import { toByte } from "../rows/mix.ts";
import { toContours } from "./contours.ts";
import { createFill } from "./coverage.ts";
import type { GlyphLine } from "./glyph-line.ts";
import { strokeOf } from "./stroke.ts";

/** A line of text as it is drawn. */
export type TextStyle = {
  readonly line: GlyphLine;
  /** Encoded, as the colours of the picture. */
  readonly color: Rgb;
  /** Width of the line around the letters in em; 0: none. */
  readonly outlineEm: number;
};

/** Returns height to width of the box around a drawn line of text. */
export function textAspect(style: TextStyle): number {
  const { widthEm, heightEm } = boxOf(style);
  return heightEm / widthEm;
}

/**
 * Draws a line of text into a box of these sides, whose aspect it has but for rounding. `put` gets each row top-down as RGBA bytes with straight alpha,
 * valid until the next one.
 */
export async function drawText(
  style: TextStyle,
  { widthPx, heightPx }: Size,
  pace: Pace,
  put: (y: number, rgba: Uint8Array) => void,
): Promise<void> {
  const { line, color, outlineEm } = style;
  const { widthEm, heightEm } = boxOf(style);
  const emPx = Math.min(widthPx / widthEm, heightPx / heightEm);
  const place = {
    emPx,
    leftPx: (widthPx - emPx * widthEm) / 2 + emPx * (outlineEm - line.ink.left),
    baselinePx: (heightPx - emPx * heightEm) / 2 + emPx * (outlineEm + line.ink.top),
  };
  const letters = createFill(widthPx, heightPx);
  const all = createFill(widthPx, heightPx);
  for (const glyph of line.glyphs) {
    const contours = toContours(glyph, place);
    letters.add(contours);
    all.add(contours);
    all.add(strokeOf(contours, outlineEm * emPx));
    await pace(widthPx);
  }
  const paint = createPaint(color);
  const [inner, outer] = [new Float64Array(widthPx), new Float64Array(widthPx)];
  const rgba = new Uint8Array(widthPx * 4);
  for (let y = 0; y < heightPx; y++) {
    letters.coverage(y, inner);
    if (outlineEm > 0) all.coverage(y, outer);
    else outer.set(inner);
    rgba.fill(0);
    for (let x = 0; x < widthPx; x++)
      if ((outer[x] as number) > 0) paint(inner[x] as number, outer[x] as number, rgba, x * 4);
    put(y, rgba);
    await pace(widthPx);
  }
}

function boxOf({ line: { ink }, outlineEm }: TextStyle): { widthEm: number; heightEm: number } {
  return { widthEm: ink.right - ink.left + 2 * outlineEm, heightEm: ink.top - ink.bottom + 2 * outlineEm };
}

/** Luminance from which black has more contrast with a colour than white has, by the contrast ratio of WCAG 2.2: (L + 0.05) / 0.05 = 1.05 / (L + 0.05). */
const middleLuminance = Math.sqrt(1.05 * 0.05) - 0.05;

/** Returns whether a colour is light, so that its outline is black. */
export function isLight(color: Rgb): boolean {
  return (
    color.reduce((sum, sample, c) => sum + toLinear(sample) * (luminanceWeights[c] as number), 0) > middleLuminance
  );
}

/** Writes a pixel of which `inner` is covered by letters and `outer`, above 0, by letters and outline, mixed in linear light. */
function createPaint(color: Rgb): (inner: number, outer: number, rgba: Uint8Array, at: number) => void {
  const light = color.map(toLinear);
  const edge = isLight(color) ? 0 : 1;
  const full = color.map(toByte);
  return (inner, outer, rgba, at) => {
    const share = Math.min(1, inner / outer);
    for (let c = 0; c < 3; c++)
      rgba[at + c] =
        share === 1 ? (full[c] as number) : toByte(toEncoded((light[c] as number) * share + edge * (1 - share)));
    rgba[at + 3] = toByte(Math.max(inner, outer));
  };
}

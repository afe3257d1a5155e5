import type { OutlineStep } from "../../fonts/font-faces.ts";
import type { PlacedGlyph } from "./glyph-line.ts";

/** A closed line of straight edges: x and y of its corners, in pixels, y downwards. */
export type Contour = readonly number[];

/** From em to pixels: the size of an em, and the place of the line's start on its baseline. */
export type LinePlace = { readonly emPx: number; readonly leftPx: number; readonly baselinePx: number };

/** Straight edges may miss a curve by so much. */
const tolerancePx = 0.1;

/** Returns the contours of a glyph. Outer ones have a positive area (`areaOf`), holes a negative one. */
export function toContours(placed: PlacedGlyph, place: LinePlace): readonly Contour[] {
  const contours = flatten(placed, place);
  const area = contours.reduce((sum, contour) => sum + areaOf(contour), 0);
  return area < 0 ? contours.map(reverse) : contours;
}

/** Returns the area within a contour, by the shoelace formula; negative for one in the other direction. */
export function areaOf(contour: Contour): number {
  let twice = 0;
  for (let i = 0; i < contour.length; i += 2) {
    const next = (i + 2) % contour.length;
    twice += (contour[i] as number) * (contour[next + 1] as number);
    twice -= (contour[next] as number) * (contour[i + 1] as number);
  }
  return twice / 2;
}

/** Returns the same contour in the other direction. */
export function reverse(contour: Contour): Contour {
  return Array.from({ length: contour.length }, (_, i) => contour[contour.length - 2 - i + 2 * (i % 2)] as number);
}

function flatten({ glyph, unitsPerEm, x, y }: PlacedGlyph, { emPx, leftPx, baselinePx }: LinePlace): Contour[] {
  const across = (units: number) => leftPx + (x + units / unitsPerEm) * emPx;
  const down = (units: number) => baselinePx - (y + units / unitsPerEm) * emPx;
  const contours: number[][] = [];
  for (const step of glyph.path.commands) addStep(contours, step, across, down);
  return contours.filter((contour) => contour.length >= 6);
}

type Convert = (units: number) => number;

function addStep(contours: number[][], { command, args }: OutlineStep, across: Convert, down: Convert): void {
  if (command === "moveTo") contours.push([across(args[0]), down(args[1])]);
  const contour = contours.at(-1);
  if (contour === undefined) return;
  if (command === "lineTo") contour.push(across(args[0]), down(args[1]));
  if (command === "quadraticCurveTo") {
    const [controlX, controlY, endX, endY] = args;
    addCurve(contour, across(controlX), down(controlY), across(endX), down(endY));
  }
}

/** Appends a quadratic Bézier curve as edges of equal steps: n of them miss it by at most |start - 2 control + end| / (4 n²). */
function addCurve(contour: number[], controlX: number, controlY: number, endX: number, endY: number): void {
  const [startX, startY] = contour.slice(-2) as [number, number];
  const bend = Math.hypot(startX - 2 * controlX + endX, startY - 2 * controlY + endY);
  const count = Math.max(1, Math.ceil(Math.sqrt(bend / (4 * tolerancePx))));
  for (let i = 1; i <= count; i++) {
    const t = i / count;
    const [first, middle, last] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
    contour.push(first * startX + middle * controlX + last * endX, first * startY + middle * controlY + last * endY);
  }
}

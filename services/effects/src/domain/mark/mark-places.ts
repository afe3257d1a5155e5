import type { Gravity } from "../composition/gravity.ts";
import type { Size } from "../composition/length.ts";

/** Where marks lie on a picture. Lengths are in pixels. */
export type Places = {
  readonly picture: Size;
  /** The size of a mark before it is turned. */
  readonly mark: Size;
  /** Clockwise. */
  readonly degrees: number;
  readonly position: Gravity;
  /** Distance of a mark, or of that mark of many that lies at the position, from the edges of the picture. */
  readonly marginPx: number;
  /** Distance between the marks of a grid that covers the picture; undefined for one mark. */
  readonly gapPx: number | undefined;
  /** Distance around a mark, in its pixels, that it still colours; 0 where its pixels lie on those of the picture. */
  readonly reachPx: number;
};

/** A stretch of a row under a mark: its first pixel, its length, and the place of the first pixel's centre in the mark's own pixels. */
export type Piece = { readonly x: number; readonly count: number; readonly u: number; readonly v: number };

/** The marks on row `y`. */
export type PiecesAt = (y: number) => readonly Piece[];

/** Returns the sides of the box around a turned size. */
export function turnedBox({ widthPx, heightPx }: Size, degrees: number): Size {
  const { cos, sin } = turnOf(degrees);
  return {
    widthPx: widthPx * Math.abs(cos) + heightPx * Math.abs(sin),
    heightPx: widthPx * Math.abs(sin) + heightPx * Math.abs(cos),
  };
}

/** Whether a turned mark's pixels lie in rows and columns. */
export function isUpright(degrees: number): boolean {
  return degrees % 90 === 0;
}

/**
 * Returns where marks lie: one at its position, or a grid of which one lies there. The grid is turned with its marks, and each other row of it is moved by half
 * a step. Upright marks begin at whole pixels.
 */
export function createPlaces(places: Places): PiecesAt {
  const { picture, mark, degrees, position, marginPx, gapPx } = places;
  const { cos, sin } = turnOf(degrees);
  const box = turnedBox(mark, degrees);
  const anchor = {
    x: placeOf(position, picture.widthPx, box.widthPx, marginPx, "left", "right"),
    y: placeOf(position, picture.heightPx, box.heightPx, marginPx, "top", "bottom"),
  };
  const snap = (centre: number, side: number) =>
    isUpright(degrees) ? Math.round(centre - side / 2) + side / 2 : centre;
  const pieceAt = createPiece(places, cos, sin);
  const pieceAround = (x: number, y: number, row: number) => pieceAt(snap(x, box.widthPx), snap(y, box.heightPx), row);
  if (gapPx === undefined) return (row) => pieceAround(anchor.x, anchor.y, row);

  const [stepX, stepY] = [mark.widthPx + gapPx, mark.heightPx + gapPx];
  // A pixel more, because centres are moved to whole pixels.
  const reach = places.reachPx + 1;
  const [halfX, halfY] = [mark.widthPx / 2 + reach, mark.heightPx / 2 + reach];
  return (row) => {
    const pieces: Piece[] = [];
    const down = row + 0.5 - anchor.y;
    const whole = { from: -anchor.x, to: picture.widthPx - anchor.x };
    // Places along the axes of the grid, for a place from the anchor on this row.
    const alongOf = (right: number) => cos * right + sin * down;
    const acrossOf = (right: number) => cos * down - sin * right;
    const across = [acrossOf(whole.from), acrossOf(whole.to)];
    const lastLine = Math.floor((Math.max(...across) + halfY) / stepY);
    for (let line = Math.ceil((Math.min(...across) - halfY) / stepY); line <= lastLine; line++) {
      const part = within(whole, -sin, cos * down - line * stepY, halfY);
      if (part === undefined) continue;
      const along = [alongOf(part.from), alongOf(part.to)];
      const shift = line % 2 === 0 ? 0 : 0.5;
      const last = Math.floor((Math.max(...along) + halfX) / stepX - shift);
      for (let at = Math.ceil((Math.min(...along) - halfX) / stepX - shift); at <= last; at++) {
        const [right, below] = [(at + shift) * stepX, line * stepY];
        pieces.push(...pieceAround(anchor.x + cos * right - sin * below, anchor.y + sin * right + cos * below, row));
      }
    }
    return pieces;
  };
}

/** Returns the sine and cosine, exact for multiples of 90 degrees. */
export function turnOf(degrees: number): { readonly cos: number; readonly sin: number } {
  if (isUpright(degrees)) {
    const quarter = (((degrees / 90) % 4) + 4) % 4;
    return { cos: [1, 0, -1, 0][quarter] as number, sin: [0, 1, 0, -1][quarter] as number };
  }
  const radians = (degrees * Math.PI) / 180;
  return { cos: Math.cos(radians), sin: Math.sin(radians) };
}

/** Returns the centre of a box along one side of the picture. */
function placeOf(position: Gravity, sidePx: number, boxPx: number, marginPx: number, start: string, end: string) {
  const words = position.split("_");
  if (words.includes(start)) return marginPx + boxPx / 2;
  return words.includes(end) ? sidePx - marginPx - boxPx / 2 : sidePx / 2;
}

type Span = { readonly from: number; readonly to: number };

/** Returns the part of a span in which |slope × place + offset| is at most `limit`. */
function within({ from, to }: Span, slope: number, offset: number, limit: number): Span | undefined {
  if (slope === 0) return Math.abs(offset) <= limit ? { from, to } : undefined;
  const ends = [(-limit - offset) / slope, (limit - offset) / slope];
  const part = { from: Math.max(from, Math.min(...ends)), to: Math.min(to, Math.max(...ends)) };
  return part.from <= part.to ? part : undefined;
}

/** Ends of a piece are off by less: centres are sums of a few doubles. */
const roundingPx = 1e-9;

/** Returns the function that finds the piece of a row under a mark around a centre: none or one. */
function createPiece({ picture, mark, reachPx }: Places, cos: number, sin: number) {
  const [halfX, halfY] = [mark.widthPx / 2, mark.heightPx / 2];
  return (centreX: number, centreY: number, row: number): readonly Piece[] => {
    const down = row + 0.5 - centreY;
    const whole = { from: 0.5 - centreX, to: picture.widthPx - 0.5 - centreX };
    const half = within(whole, cos, sin * down, halfX + reachPx);
    const part = half && within(half, -sin, cos * down, halfY + reachPx);
    if (part === undefined) return [];
    const first = Math.max(0, Math.ceil(part.from + centreX - 0.5 - roundingPx));
    const last = Math.min(picture.widthPx - 1, Math.floor(part.to + centreX - 0.5 + roundingPx));
    if (last < first) return [];
    const right = first + 0.5 - centreX;
    const [u, v] = [cos * right + sin * down + halfX, cos * down - sin * right + halfY];
    return [{ x: first, count: last - first + 1, u, v }];
  };
}

import { extendedBoxLine, gaussianLine } from "./blur.ts";
import type { Pixels } from "./planes.ts";
import { over } from "./shadow.ts";

/** Settings of a contact shadow: colour, opacity and footprint from 0 to 1, lengths in px, margins of the canvas. */
export type ContactSettings = {
  readonly color: readonly number[];
  readonly opacity: number;
  readonly blur: number;
  readonly spread: number;
  readonly distance: number;
  readonly footprint: number;
  readonly margins: { readonly left: number; readonly right: number; readonly bottom: number };
};

/** The effect shadow of the kind `contact`, pixel by pixel: density of the footprint, ellipses, blur, fade, and the picture over it. */
export function contactReference(picture: Pixels, settings: ContactSettings): Pixels {
  const { margins, color } = settings;
  const widthPx = picture.widthPx + margins.left + margins.right;
  const heightPx = picture.heightPx + margins.bottom;
  const shadeAt = contactShade(picture, settings);
  const rgba = Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [x, y] = [(i % widthPx) - margins.left, Math.floor(i / widthPx)];
    const isInside = x >= 0 && x < picture.widthPx && y < picture.heightPx;
    const pixel = isInside ? picture.rgba[y * picture.widthPx + x]! : [0, 0, 0, 0];
    return over(pixel, [...color, shadeAt(x, y)]);
  });
  return { widthPx, heightPx, rgba };
}

/** Returns the shadow's alpha at each pixel, in the coordinates of the picture. */
function contactShade(picture: Pixels, settings: ContactSettings): (x: number, y: number) => number {
  const { opacity, blur, footprint } = settings;
  const isVisible = (x: number, y: number) => picture.rgba[y * picture.widthPx + x]![3]! > 0.5;
  const columns = Array.from({ length: picture.widthPx }, (_, x) => x);
  const rows = Array.from({ length: picture.heightPx }, (_, y) => y);
  const seen = rows.filter((y) => columns.some((x) => isVisible(x, y)));
  if (seen.length === 0) return () => 0;
  const ground = seen.at(-1)! + 1;
  const depth = Math.max(1, footprint * (ground - seen[0]!));
  const density = columns.map((x) => {
    const bottom = rows.findLast((y) => isVisible(x, y));
    return bottom === undefined ? 0 : Math.max(0, 1 - (ground - 1 - bottom) / depth);
  });
  const ellipses = toEllipses(density, settings);
  const sigma = blur / 2;
  const line = sigma > 2 ? extendedBoxLine(sigma) : gaussianLine(sigma || 1e-9);
  const sum = line.reduce((total, weight) => total + weight, 0);
  const reach = (line.length - 1) / 2;
  const known = new Map<string, number>();
  const across = (x: number, y: number): number => {
    const key = `${x} ${y}`;
    const value =
      known.get(key) ?? line.reduce((total, weight, i) => total + weight * flatAt(ellipses, x + i - reach, y), 0) / sum;
    known.set(key, value);
    return value;
  };
  return (x, y) => {
    const fade = Math.min(1, Math.max(0, 1 - (ground - 1 - y) / depth));
    const blurred = line.reduce((total, weight, i) => total + weight * across(x, y + i - reach - ground), 0) / sum;
    return opacity * fade * blurred;
  };
}

/** An ellipse around the ground: its middle, half its width and height, and the density at a place across. */
type Ellipse = {
  readonly middle: number;
  readonly across: number;
  readonly down: number;
  densityAt(x: number): number;
};

function toEllipses(density: readonly number[], { spread, distance }: ContactSettings): Ellipse[] {
  const ellipses: Ellipse[] = [];
  density.forEach((value, start) => {
    if (value === 0 || (density[start - 1] ?? 0) > 0) return;
    const run = density.slice(start, density.findIndex((other, x) => x > start && other === 0) >>> 0);
    const middle = start + run.length / 2;
    const across = run.length / 2 + spread;
    const densityAt = (x: number) => {
      // The centres of the first and the last column of the run move with its edges.
      const place = ((x + 0.5 - middle) * run.length) / (2 * across) + run.length / 2 - 0.5;
      const at = Math.min(run.length - 1, Math.max(0, place));
      const share = at % 1;
      return run[Math.floor(at)]! * (1 - share) + run[Math.ceil(at)]! * share;
    };
    ellipses.push({ middle, across, down: Math.min(distance, across / 2), densityAt });
  });
  return ellipses;
}

/** The flat shape in column `x` of a row that begins `y` below the ground. */
function flatAt(ellipses: readonly Ellipse[], x: number, y: number): number {
  let [most, value] = [0, 0];
  for (const { middle, across, down, densityAt } of ellipses) {
    const away = (x + 0.5 - middle) / across;
    if (Math.abs(away) >= 1) continue;
    const half = down * Math.sqrt(1 - away * away);
    const amount = half * densityAt(x);
    if (amount <= most) continue;
    most = amount;
    value = densityAt(x) * Math.max(0, Math.min(half, y + 1) - Math.max(-half, y));
  }
  return value;
}

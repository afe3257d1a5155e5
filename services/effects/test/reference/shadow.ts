import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { extendedBoxLine, gaussianLine } from "./blur.ts";
import { growPlane, type Plane, toPlane, valueAt } from "./grown-shape.ts";
import type { Pixels } from "./planes.ts";

/** Settings of a shadow: colour and opacity from 0 to 1, displacement in whole pixels, margins of the canvas. */
export type ShadowSettings = {
  readonly color: readonly number[];
  readonly opacity: number;
  readonly blur: number;
  readonly spread: number;
  readonly right: number;
  readonly down: number;
  readonly margins: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
};

/** The effect shadow over a whole picture: alpha grown, blurred across and down, moved, and the picture over it. */
export function shadowReference(picture: Pixels, settings: ShadowSettings): Pixels {
  const { margins, spread, blur, opacity, color } = settings;
  const canvas = {
    widthPx: picture.widthPx + margins.left + margins.right,
    heightPx: picture.heightPx + margins.top + margins.bottom,
  };
  const sigma = blur / 2;
  const line = sigma > 2 ? extendedBoxLine(sigma) : gaussianLine(sigma || 1e-9);
  const room = Math.ceil(spread) + (line.length - 1) / 2 + 1;
  const size = { widthPx: picture.widthPx + 2 * room, heightPx: picture.heightPx + 2 * room };
  const alpha = toPlane(picture, 0, (x, y) => picture.rgba[y * picture.widthPx + x]![3]!);
  const around = toPlane(size, 0, (x, y) => valueAt(alpha, x - room, y - room));
  const cast = blurPlane(growPlane(around, spread), line);
  const rgba = Array.from({ length: canvas.widthPx * canvas.heightPx }, (_, i) => {
    const x = (i % canvas.widthPx) - margins.left;
    const y = Math.floor(i / canvas.widthPx) - margins.top;
    const isInside = x >= 0 && y >= 0 && x < picture.widthPx && y < picture.heightPx;
    const pixel = isInside ? picture.rgba[y * picture.widthPx + x]! : [0, 0, 0, 0];
    const shade = opacity * valueAt(cast, x - settings.right + room, y - settings.down + room);
    return over(pixel, [...color, shade]);
  });
  return { ...canvas, rgba };
}

/** Porter and Duff's "over" for straight alpha, in linear light. Where nothing is visible the upper colour stays. */
export function over(upper: readonly number[], lower: readonly number[]): number[] {
  const [above, below] = [upper[3]!, lower[3]!];
  const alpha = above + below * (1 - above);
  if (alpha === 0 || below * (1 - above) === 0) return [...upper];
  const colors = [0, 1, 2].map((c) =>
    toEncoded((toLinear(upper[c]!) * above + toLinear(lower[c]!) * below * (1 - above)) / alpha),
  );
  return [...colors, alpha];
}

function blurPlane(plane: Plane, line: readonly number[]): Plane {
  const reach = (line.length - 1) / 2;
  const sum = line.reduce((total, weight) => total + weight, 0);
  const blurLine = (read: (at: number) => number) =>
    line.reduce((total, weight, i) => total + weight * read(i - reach), 0) / sum;
  const across = toPlane(plane, 0, (x, y) => blurLine((at) => valueAt(plane, x + at, y)));
  return toPlane(plane, 0, (x, y) => blurLine((at) => valueAt(across, x, y + at)));
}

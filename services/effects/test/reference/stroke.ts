import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { growPlane, toPlane } from "./grown-shape.ts";
import type { Pixels } from "./planes.ts";

/** Settings of a stroke: colour and opacity from 0 to 1, and the margin of the canvas. */
export type StrokeSettings = {
  readonly color: readonly number[];
  readonly opacity: number;
  readonly width: number;
  readonly position: "outside" | "center" | "inside";
  readonly marginPx: number;
};

/**
 * The effect outline over a whole picture. The stroke is as much of a pixel as the grown shape has more than the shrunk one. Premultiplied, it is added
 * to what it leaves of the object.
 */
export function strokeReference(picture: Pixels, settings: StrokeSettings): Pixels {
  const { color, opacity, width, position, marginPx } = settings;
  const size = { widthPx: picture.widthPx + 2 * marginPx, heightPx: picture.heightPx + 2 * marginPx };
  const pixelOf = (x: number, y: number): readonly number[] => {
    const isInside = x >= 0 && y >= 0 && x < picture.widthPx && y < picture.heightPx;
    return isInside ? picture.rgba[y * picture.widthPx + x]! : [0, 0, 0, 0];
  };
  const radius = position === "center" ? width / 2 : width;
  const alphas = toPlane(size, 0, (x, y) => pixelOf(x - marginPx, y - marginPx)[3]!);
  const gaps = toPlane(size, 1, (x, y) => 1 - pixelOf(x - marginPx, y - marginPx)[3]!);
  const grown = position === "inside" ? alphas : growPlane(alphas, radius);
  const shrunk = position === "outside" ? alphas.values : growPlane(gaps, radius).values.map((gap) => 1 - gap);
  const rgba = alphas.values.map((alpha, i) => {
    const pixel = pixelOf((i % size.widthPx) - marginPx, Math.floor(i / size.widthPx) - marginPx);
    const stroke = opacity * (grown.values[i]! - shrunk[i]!);
    const kept = alpha - opacity * (alpha - shrunk[i]!);
    if (stroke < 1e-12) return pixel;
    const colors = [0, 1, 2].map((c) =>
      toEncoded((toLinear(pixel[c]!) * kept + toLinear(color[c]!) * stroke) / (kept + stroke)),
    );
    return [...colors, kept + stroke];
  });
  return { ...size, rgba };
}

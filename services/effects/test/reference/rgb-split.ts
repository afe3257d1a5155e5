import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { alphaAt, mapSamples, type Picture, sampleAt } from "./glitch-pictures.ts";

/** The effect rgb_split over a whole picture: bilinear interpolation of linear light, weighted by alpha. */
export function rgbSplitReference(picture: Picture, { shift, angle }: { shift: number; angle: number }): Picture {
  const [right, up] = [shift * Math.cos((angle * Math.PI) / 180), shift * Math.sin((angle * Math.PI) / 180)];
  const linear = mapSamples(picture, (x, y, c) => toLinear(sampleAt(picture, x, y, c)));
  return mapSamples(picture, (x, y, c) => {
    if (c === 1) return sampleAt(picture, x, y, c);
    const sign = c === 0 ? -1 : 1;
    return lightAt(linear, x + sign * right, y - sign * up, c) ?? sampleAt(picture, x, y, c);
  });
}

function lightAt(linear: Picture, x: number, y: number, c: number): number | undefined {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let [light, weights] = [0, 0];
  for (const [column, row] of [
    [left, top],
    [left + 1, top],
    [left, top + 1],
    [left + 1, top + 1],
  ] as const) {
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row)) * alphaAt(linear, column, row);
    // The sine of 180° and its like are not quite 0.
    if (weight < 1e-12) continue;
    light += weight * sampleAt(linear, column, row, c);
    weights += weight;
  }
  return weights > 0 ? toEncoded(light / weights) : undefined;
}

import { expect, test } from "vitest";
import { hash32 } from "../draw/noise.ts";
import { blueNoiseMap } from "./blue-noise.ts";

const { sizePx, thresholds } = blueNoiseMap();

// Mean squared deviation from ½ of the means of all 8×8 squares: how visible blotches of the pattern are from afar.
function blotchiness(values: ArrayLike<number>): number {
  let sum = 0;
  for (let top = 0; top < sizePx; top++) {
    for (let left = 0; left < sizePx; left++) {
      let mean = 0;
      for (let i = 0; i < 64; i++) {
        const at = ((top + (i >> 3)) % sizePx) * sizePx + ((left + (i & 7)) % sizePx);
        mean += (values[at] as number) / 64;
      }
      sum += (mean - 0.5) ** 2;
    }
  }
  return sum / sizePx ** 2;
}

test("every rank occurs once", () => {
  const ranks = [...thresholds]
    .map((threshold) => Math.round(threshold * thresholds.length - 0.5))
    .sort((a, b) => a - b);
  expect(ranks).toEqual(ranks.map((_, i) => i));
});

test("the pattern has less than a tenth of white noise's blotches", () => {
  const white = Float32Array.from(thresholds, (_, i) => hash32(i) / 2 ** 32);
  expect(blotchiness(thresholds)).toBeLessThan(blotchiness(white) / 10);
});

test("points of the sparsest tenth are evenly spaced", () => {
  const points = [...thresholds.keys()].filter((i) => (thresholds[i] as number) < 0.1);
  const apart = (a: number, b: number) => Math.min(Math.abs(a - b), sizePx - Math.abs(a - b));
  let nearest = Number.POSITIVE_INFINITY;
  for (const a of points) {
    for (const b of points) {
      if (a >= b) continue;
      const distance = Math.hypot(apart(a % sizePx, b % sizePx), apart(Math.floor(a / sizePx), Math.floor(b / sizePx)));
      nearest = Math.min(nearest, distance);
    }
  }
  // Even spacing of a tenth of all positions is √10 = 3.2 px.
  expect(nearest).toBeGreaterThanOrEqual(2);
});

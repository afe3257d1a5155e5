import { expect, test } from "vitest";
import type { Plane } from "../../src/domain/planes/plane.ts";
import {
  createHairyBlob,
  createPicture,
  createSequence,
  createValues,
  mixLayers,
  noPause,
  textured,
} from "../pictures.ts";
import { boxMean } from "./box-mean.ts";
import { fitMatte } from "./fit-matte.ts";
import { createAlphaReader } from "./read-alpha.ts";
import { toRgbPlanes } from "./rgb-planes.ts";
import { resamplePlane } from "./sampler.ts";

// The guided filter by its definition: in each window a ridge regression of alpha on colour, by Gaussian elimination; then at
// each pixel the mean of the coefficients of all windows that contain it.
function reference(alpha: Plane, colors: readonly Plane[], radius: number, epsilon: number): number[][] {
  const { widthPx } = alpha;
  const windowAt = (at: number) => {
    const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
    return [...alpha.data.keys()].filter(
      (i) => Math.abs((i % widthPx) - x) <= radius && Math.abs(Math.floor(i / widthPx) - y) <= radius,
    );
  };
  const fits = [...alpha.data.keys()].map((at) => {
    const pixels = windowAt(at);
    // Least squares over (slope, offset) with the penalty epsilon × pixels on the slopes.
    const rows = [0, 1, 2, 3].map((i) =>
      [0, 1, 2, 3].map((j) => {
        const value = (k: number, p: number) => (k === 3 ? 1 : colors[k]!.data[p]!);
        return (
          pixels.reduce((sum, p) => sum + value(i, p) * value(j, p), 0) +
          (i === j && i < 3 ? epsilon * pixels.length : 0)
        );
      }),
    );
    const right = [0, 1, 2, 3].map((i) =>
      pixels.reduce((sum, p) => sum + (i === 3 ? 1 : colors[i]!.data[p]!) * alpha.data[p]!, 0),
    );
    return solve(rows, right);
  });
  return [...alpha.data.keys()].map((at) => {
    const pixels = windowAt(at);
    return [0, 1, 2, 3].map((k) => pixels.reduce((sum, p) => sum + fits[p]![k]!, 0) / pixels.length);
  });
}

function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i]!) > Math.abs(best[i]!) ? row : best));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(i, 0, pivot);
    rows.forEach((row, j) => {
      if (j === i) return;
      const factor = row[i]! / pivot[i]!;
      row.forEach((_, k) => {
        row[k]! -= factor * pivot[k]!;
      });
    });
  }
  return rows.map((row, i) => row[4]! / row[i]!);
}

test("the fit agrees with the paper's guided filter, window by window", async () => {
  const size = { widthPx: 9, heightPx: 7 };
  const next = createSequence(5);
  const colors = [0, 1, 2].map(() => createValues(size, () => next())) as unknown as readonly [Plane, Plane, Plane];
  const alpha = createValues(size, (x, y) => (Math.hypot(x - 4, y - 3) < 3 ? 1 : 0.1));
  const { slopes, offset } = await fitMatte(alpha, colors, { radiusPx: 2, epsilon: 1e-3 }, noPause);
  reference(alpha, colors, 2, 1e-3).forEach((fit, at) => {
    [...slopes, offset].forEach((plane, k) => {
      expect(plane.data[at]).toBeCloseTo(fit[k]!, 3);
    });
  });
});

test("on pictures with known alpha the fit halves the edge error of plain enlargement", async () => {
  const size = { widthPx: 480, heightPx: 360 };
  const model = { widthPx: 60, heightPx: 60 };
  for (const seed of [1, 2]) {
    const truth = createHairyBlob(size, seed);
    const [object, background] = [seed, seed + 10].map((at) => createPicture(size, 3, textured(at)));
    const picture = mixLayers(object!, background!, truth);
    // The best result of a model of this size: means over its cells, slightly softened.
    const matte = await boxMean(resamplePlane(await boxMean(truth, 4, noPause), model), 1, noPause);
    const working = { widthPx: 120, heightPx: 90 };
    const guide = await toRgbPlanes(picture.data, size, noPause);
    const coarse = await Promise.all(
      guide.map(async (plane) => resamplePlane(await boxMean(plane, 2, noPause), working)),
    );
    const fitted = await fitMatte(matte, coarse as unknown as typeof guide, { radiusPx: 8 }, noPause);
    const read = createAlphaReader(fitted, size);
    const plain = resamplePlane(matte, size);
    let [fittedError, plainError] = [0, 0];
    for (let y = 0; y < size.heightPx; y++) {
      const alpha = read(picture.data.subarray(y * 1440, (y + 1) * 1440), y);
      for (let x = 0; x < size.widthPx; x++) {
        const at = y * size.widthPx + x;
        if (plain.data[at]! < 0.01 || plain.data[at]! > 0.99) continue;
        fittedError += Math.abs(alpha[x]! - truth.data[at]!);
        plainError += Math.abs(plain.data[at]! - truth.data[at]!);
      }
    }
    expect(fittedError / plainError).toBeLessThan(0.5);
  }
});

test("in a picture without edges the matte is only smoothed, and certain pixels stay certain", async () => {
  const size = { widthPx: 60, heightPx: 40 };
  const picture = createPicture(size, 3, () => 120);
  const matte = createValues({ widthPx: 20, heightPx: 20 }, (x) => (x < 10 ? 0 : 1));
  const fitted = await fitMatte(matte, await toRgbPlanes(picture.data, size, noPause), { radiusPx: 4 }, noPause);
  const alpha = createAlphaReader(fitted, size)(picture.data.subarray(0, 180), 20);
  expect([...alpha.subarray(0, 20)].every((value) => value === 0)).toBe(true);
  expect([...alpha.subarray(40)].every((value) => value === 1)).toBe(true);
  for (let x = 1; x < 60; x++) expect(alpha[x]!).toBeGreaterThanOrEqual(alpha[x - 1]! - 1e-6);
});

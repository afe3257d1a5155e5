import { createPace } from "@pixelmesh/lifecycle";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clusterColors, startCenters } from "./cluster-colors.ts";
import { drawCenters, type WeightedColors } from "./cluster-start.ts";

const pace = createPace();

type Point = { readonly place: readonly number[]; readonly weight: number };

const toColors = (points: readonly Point[]): WeightedColors => ({
  places: Float64Array.from(points.flatMap(({ place }) => [...place])),
  weights: Float64Array.from(points, ({ weight }) => weight),
});

const squareOf = (one: readonly number[], other: readonly number[]) =>
  one.reduce((sum, value, c) => sum + (value - other[c]!) ** 2, 0);

/** Lloyd's iteration, word by word: each centre becomes the mean of the points nearest to it, until none changes its centre. */
function lloyd(points: readonly Point[], start: readonly (readonly number[])[]): readonly (readonly number[])[] {
  let centers = start;
  let before = "";
  for (let move = 0; move < 48; move++) {
    const owners = points.map(({ place }) => {
      const squares = centers.map((center) => squareOf(place, center));
      return squares.indexOf(Math.min(...squares));
    });
    if (owners.join() === before) return centers;
    before = owners.join();
    centers = centers.map((center, index) => {
      const own = points.filter((_, i) => owners[i] === index);
      const weight = own.reduce((sum, point) => sum + point.weight, 0);
      if (weight === 0) return center;
      return center.map((_, c) => own.reduce((sum, point) => sum + point.weight * point.place[c]!, 0) / weight);
    });
  }
  return centers;
}

const toTriples = (values: Float64Array) =>
  Array.from({ length: values.length / 3 }, (_, i) => [...values.subarray(3 * i, 3 * i + 3)]);

const anyPoint: fc.Arbitrary<Point> = fc.record({
  place: fc.tuple(
    ...[0, 1, 2].map(() => fc.double({ min: -0.4, max: 1, noNaN: true, noDefaultInfinity: true })),
  ) as fc.Arbitrary<number[]>,
  weight: fc.integer({ min: 1, max: 1_000 }),
});

test("the centres are those of Lloyd's iteration from the same start", async () => {
  const property = fc.asyncProperty(
    fc.array(anyPoint, { minLength: 1, maxLength: 300 }),
    fc.integer({ min: 2, max: 20 }),
    async (points, count) => {
      const colors = toColors(points);
      const start = toTriples(await startCenters(colors, count, pace));
      const found = await clusterColors(colors, count, pace);
      const wanted = lloyd(points, start);
      expect(found).toHaveLength(Math.min(count, points.length));
      found.forEach((center, i) => {
        for (let c = 0; c < 3; c++) expect(center[c]!).toBeCloseTo(wanted[i]![c]!, 9);
      });
    },
  );
  await fc.assert(property, { numRuns: 60, seed: 1 });
});

test("the centres of clusters far from each other are their means, each once", async () => {
  const middles = [0.1, 0.3, 0.5, 0.7, 0.9].flatMap((lightness) => [-0.2, 0, 0.2].map((a) => [lightness, a, -a]));
  const points = middles.flatMap((middle, index) =>
    Array.from(
      { length: 20 },
      (_, i): Point => ({
        place: middle.map((value, c) => value + 0.01 * Math.sin(7 * i + 3 * c + index)),
        weight: 1 + ((i * 13) % 9),
      }),
    ),
  );
  const wanted = middles.map((_, index) => {
    const own = points.slice(index * 20, index * 20 + 20);
    const weight = own.reduce((sum, point) => sum + point.weight, 0);
    return [0, 1, 2].map((c) => own.reduce((sum, point) => sum + point.weight * point.place[c]!, 0) / weight);
  });
  const found = await clusterColors(toColors(points), middles.length, pace);
  const key = (center: readonly number[]) => center.map((value) => value.toFixed(9)).join();
  expect(found.map(key).sort()).toEqual(wanted.map(key).sort());
});

test("as many colours as centres are the centres", async () => {
  const points = Array.from(
    { length: 37 },
    (_, i): Point => ({ place: [i / 40, (i % 5) / 20, -(i % 7) / 30], weight: 1 + i }),
  );
  for (const count of [37, 38, 256]) {
    const found = await clusterColors(toColors(points), count, pace);
    const key = (place: readonly number[]) => place.map((value) => value.toFixed(12)).join();
    expect(found.map(key).sort()).toEqual(points.map(({ place }) => key(place)).sort());
  }
});

test("centres are drawn far from each other, however many colours are elsewhere", async () => {
  // 999 light points at one place, and two places that a draw by weights alone would seldom find.
  const crowd = Array.from({ length: 999 }, (_, i): Point => ({ place: [0.2, 0, i * 1e-6], weight: 1 }));
  const far: Point[] = [
    { place: [0.9, 0.1, 0], weight: 1 },
    { place: [0.9, -0.1, 0], weight: 1 },
  ];
  for (const seed of [0, 1, 2, 3]) {
    const start = toTriples(await drawCenters(toColors([...crowd, ...far]), { count: 3, seed, pace }));
    expect(start.filter(([lightness]) => lightness === 0.9)).toHaveLength(2);
  }
});

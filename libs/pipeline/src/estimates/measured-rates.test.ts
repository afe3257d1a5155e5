import fc from "fast-check";
import { expect, test } from "vitest";
import { createMeasuredRates, type RateKey } from "./measured-rates.ts";

const curve = { startMs: 50, msPerMegapixel: 500 };
const key = (name: string): RateKey => ({ name, curve });
const upscale = key("upscale/m/×2");

test("the expectation is 0 before a run was observed, and invalid numbers are ignored", () => {
  const rates = createMeasuredRates();
  expect(rates.expectedMs(upscale, 3)).toBe(0);
  rates.observe(upscale, "cpu", 0, 5);
  rates.observe(upscale, "cpu", 1, Number.NaN);
  rates.observe(upscale, "cpu", 1, -5);
  rates.observe(upscale, "cpu", Number.POSITIVE_INFINITY, 5);
  expect(rates.expectedMs(upscale, 3)).toBe(0);
  rates.observe(upscale, "cpu", 1, 100);
  expect(rates.expectedMs(upscale, 0)).toBe(0);
});

test("runs of one size scale the assumed curve", () => {
  const rates = createMeasuredRates();
  // Assumed: 50 + 500 * 1 = 550 ms. It took twice as long, so every size is expected to.
  rates.observe(upscale, "cpu", 1, 1_100);
  expect(rates.expectedMs(upscale, 1)).toBeCloseTo(1_100, 9);
  expect(rates.expectedMs(upscale, 4)).toBeCloseTo(2 * 2_050, 9);
});

test("runs of different sizes give the fixed part and the part for each megapixel", () => {
  const rates = createMeasuredRates();
  // A machine with a large fixed part: 400 ms, and 100 ms per megapixel.
  for (const megapixels of [0.3, 2, 8, 0.5, 1]) rates.observe(upscale, "cpu", megapixels, 400 + 100 * megapixels);
  for (const megapixels of [0.1, 1, 4, 12])
    expect(rates.expectedMs(upscale, megapixels)).toBeCloseTo(400 + 100 * megapixels, 6);
});

test("the fit is the weighted least squares that a slow reference finds", () => {
  const run = fc.record({
    // No run is an outlier: the assumed curve, scaled to one of these sizes, fits the others within a factor of two.
    megapixels: fc.double({ min: 0.5, max: 10, noNaN: true }),
    noise: fc.double({ min: 0.8, max: 1.25, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 6, maxLength: 30 }), (given) => {
      const runs = given.map(({ megapixels, noise }) => ({ x: megapixels, y: noise * (200 + 300 * megapixels) }));
      const rates = createMeasuredRates();
      for (const { x, y } of runs) rates.observe(upscale, "cpu", x, y);
      const weights = runs.map(({ x }, at) => 0.9 ** (runs.length - 1 - at) / (50 + 500 * x) ** 2);
      const cost = (a: number, b: number) =>
        runs.reduce((sum, { x, y }, at) => sum + (weights[at] as number) * (y - a - b * x) ** 2, 0);
      const mean = (of: (run: { x: number; y: number }) => number) =>
        runs.reduce((sum, it, at) => sum + (weights[at] as number) * of(it), 0) / weights.reduce((a, b) => a + b, 0);
      const variance = mean(({ x }) => x * x) - mean(({ x }) => x) ** 2;
      fc.pre(variance > 0.06 * mean(({ x }) => x * x));
      const b = rates.expectedMs(upscale, 2) - rates.expectedMs(upscale, 1);
      const a = rates.expectedMs(upscale, 1) - b;
      fc.pre(a > 1e-6 && b > 1e-6);
      // No neighbour has a smaller error.
      const found = cost(a, b);
      for (const [da, db] of [
        [0.5, 0],
        [-0.5, 0],
        [0, 0.5],
        [0, -0.5],
        [0.5, -0.2],
        [-0.5, 0.2],
      ] as const)
        expect(cost(a + da, b + db)).toBeGreaterThanOrEqual(found * (1 - 1e-6));
    }),
  );
});

test("one stalled run hardly changes the expectation, and a new speed is learned within a few runs", () => {
  const rates = createMeasuredRates();
  for (let n = 0; n < 10; n++) rates.observe(upscale, "cpu", 1 + (n % 3), 100 * (1 + (n % 3)));
  rates.observe(upscale, "cpu", 1, 60_000);
  expect(rates.expectedMs(upscale, 1)).toBeLessThan(200);
  for (let n = 0; n < 30; n++) rates.observe(upscale, "cpu", 1 + (n % 3), 1_000 * (1 + (n % 3)));
  expect(rates.expectedMs(upscale, 2)).toBeGreaterThan(1_600);
  expect(rates.expectedMs(upscale, 2)).toBeLessThan(2_400);
});

test("expectations are finite, not below 0, and within four times those of single runs", () => {
  const run = fc.record({
    megapixels: fc.double({ min: 0.01, max: 100, noNaN: true }),
    ms: fc.double({ min: 1, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
      const rates = createMeasuredRates();
      for (const { megapixels, ms } of runs) rates.observe(upscale, "cpu", megapixels, ms);
      const ratios = runs.map(({ megapixels, ms }) => ms / (50 + 500 * megapixels));
      for (const megapixels of [0.01, 1, 100]) {
        const expected = rates.expectedMs(upscale, megapixels);
        const assumed = 50 + 500 * megapixels;
        expect(expected).toBeGreaterThanOrEqual((Math.min(...ratios) * assumed) / 4.000001);
        expect(expected).toBeLessThanOrEqual(Math.max(...ratios) * assumed * 4.000001);
      }
    }),
  );
});

test("kinds of devices have rates of their own, and the default is the kind that did the work last", () => {
  const rates = createMeasuredRates();
  rates.observe(upscale, "cpu", 1, 1_000);
  rates.observe(upscale, "gpu", 1, 10);
  expect(rates.expectedMs(upscale, 1, "cpu")).toBeCloseTo(1_000, 9);
  expect(rates.expectedMs(upscale, 1, "gpu")).toBeCloseTo(10, 9);
  expect(rates.expectedMs(upscale, 1)).toBeCloseTo(10, 9);
  rates.observe(upscale, "cpu", 1, 1_000);
  expect(rates.expectedMs(upscale, 1)).toBeCloseTo(1_000, 9);
});

test("the number of names is bounded, and names in use stay", () => {
  const rates = createMeasuredRates();
  for (let index = 0; index < 5000; index++) {
    rates.observe(key(`m${index}`), "cpu", 1, 10);
    rates.observe(key("used"), "cpu", 1, 10);
  }
  expect(rates.expectedMs(key("m0"), 1)).toBe(0);
  expect(rates.expectedMs(key("used"), 1)).toBeCloseTo(10, 9);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createRateBook } from "./eta.ts";

test("nothing is expected before something was observed", () => {
  const book = createRateBook();
  expect(book.expectedMs("upscale", "m", 3)).toBe(0);
  book.observe("upscale", "m", 0, 5);
  book.observe("upscale", "m", 1, Number.NaN);
  book.observe("upscale", "m", 1, -5);
  expect(book.expectedMs("upscale", "m", 3)).toBe(0);
});

test("the mean weighs the newest run a fifth, for each operation and model", () => {
  const book = createRateBook();
  book.observe("upscale", "m", 2, 2000);
  book.observe("upscale", "m", 1, 2000);
  book.observe("upscale", "n", 1, 7);
  expect(book.expectedMs("upscale", "m", 1)).toBeCloseTo(1200, 9);
  expect(book.expectedMs("upscale", "n", 2)).toBeCloseTo(14, 9);
  expect(book.expectedMs("prescale", "m", 1)).toBe(0);
});

test("an expectation lies between the slowest and the fastest run seen", () => {
  const run = fc.record({
    megapixels: fc.double({ min: 0.01, max: 100, noNaN: true }),
    ms: fc.double({ min: 1, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
      const book = createRateBook();
      for (const { megapixels, ms } of runs) book.observe("o", "m", megapixels, ms);
      const rates = runs.map(({ megapixels, ms }) => ms / megapixels);
      const expected = book.expectedMs("o", "m", 1);
      expect(expected).toBeGreaterThanOrEqual(Math.min(...rates) * 0.999999);
      expect(expected).toBeLessThanOrEqual(Math.max(...rates) * 1.000001);
    }),
  );
});

test("the book stays bounded, and what is used stays in it", () => {
  const book = createRateBook();
  for (let index = 0; index < 5000; index++) {
    book.observe("o", `m${index}`, 1, 10);
    book.observe("o", "used", 1, 10);
  }
  expect(book.expectedMs("o", "m0", 1)).toBe(0);
  expect(book.expectedMs("o", "used", 1)).toBeCloseTo(10, 9);
});

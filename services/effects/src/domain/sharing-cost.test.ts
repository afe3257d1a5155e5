import fc from "fast-check";
import { expect, test } from "vitest";
import { effectDescriptions } from "./catalogue/catalogue.ts";
import { type Beginning, effectCosts, isWorthSharing } from "./sharing-cost.ts";

const names = effectDescriptions().map(({ name }) => name);
const on4k = { megapixels: 8.3, steps: 4, lanes: 2 };

test("the table has the cost of every effect of the catalogue, and of no other", () => {
  expect(Object.keys(effectCosts).sort()).toEqual([...names].sort());
});

test("heavy beginnings are shared, light ones are repeated, and a step alone shares nothing", () => {
  expect(isWorthSharing({ ...on4k, names: ["denoise", "clarity"] })).toBe(true);
  expect(isWorthSharing({ ...on4k, names: ["denoise", "clarity"], steps: 2, lanes: 16 })).toBe(true);
  expect(isWorthSharing({ ...on4k, names: ["blur"] })).toBe(true);
  expect(isWorthSharing({ ...on4k, names: ["invert"] })).toBe(false);
  expect(isWorthSharing({ ...on4k, names: ["color", "curves"] })).toBe(false);
  expect(isWorthSharing({ ...on4k, names: ["denoise"], steps: 1 })).toBe(false);
  expect(isWorthSharing({ ...on4k, names: ["denoise"], megapixels: 0.01 })).toBe(false);
  // Alone on a core each, the steps would end a third later.
  expect(isWorthSharing({ ...on4k, names: ["sharpen"], steps: 2, lanes: 2 })).toBe(false);
});

test("what is worth sharing stays so with a further effect, on a larger picture, on fewer cores, and for more steps than cores", () => {
  const any: fc.Arbitrary<Beginning> = fc.record({
    names: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
    megapixels: fc.double({ min: 0.01, max: 100, noNaN: true }),
    steps: fc.integer({ min: 1, max: 12 }),
    lanes: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(any, fc.constantFrom(...names), (beginning, further) => {
      fc.pre(isWorthSharing(beginning));
      const more: Beginning[] = [
        { ...beginning, names: [...beginning.names, further] },
        { ...beginning, megapixels: beginning.megapixels * 2 },
        { ...beginning, lanes: Math.max(1, beginning.lanes - 1) },
        { ...beginning, steps: Math.max(beginning.steps, beginning.lanes) + 1 },
      ];
      for (const each of more) expect(isWorthSharing(each)).toBe(true);
    }),
  );
});

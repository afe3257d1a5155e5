import fc from "fast-check";
import { expect, test } from "vitest";
import { noPause } from "../pictures.ts";
import { squaredDistances } from "./distance.ts";

test("distances are those of a search through all targets", async () => {
  const cells = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 77, maxLength: 77 });
  const spacings = fc.constantFrom({ x: 1, y: 1 }, { x: 12.5, y: 3.2 }, { x: 0.4, y: 7 });
  await fc.assert(
    fc.asyncProperty(cells, spacings, fc.integer({ min: 1, max: 9 }), async (values, spacing, least) => {
      const size = { widthPx: 11, heightPx: 7 };
      const targets = values.flatMap((value, at) => (value >= least ? [at] : []));
      const found = await squaredDistances(size, (at) => (values[at] as number) >= least, spacing, noPause);
      for (let at = 0; at < 77; at++) {
        const square = (other: number) =>
          (spacing.x * ((at % 11) - (other % 11))) ** 2 +
          (spacing.y * (Math.floor(at / 11) - Math.floor(other / 11))) ** 2;
        const wanted = Math.min(...targets.map(square));
        if (targets.length === 0) expect(found[at]).toBeGreaterThan(1e19);
        else expect(found[at]).toBeCloseTo(wanted, 6);
      }
    }),
  );
});

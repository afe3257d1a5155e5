import fc from "fast-check";
import { expect, test } from "vitest";
import { createValues } from "../pictures.ts";
import { createSampler, resamplePlane } from "./sampler.ts";

const side = fc.integer({ min: 1, max: 20 });

test("at its own size a plane is unchanged", () => {
  fc.assert(
    fc.property(side, side, (widthPx, heightPx) => {
      const plane = createValues({ widthPx, heightPx }, (x, y) => Math.fround(Math.sin(x * 3 + y * 7)));
      expect(resamplePlane(plane, plane).data).toEqual(plane.data);
    }),
  );
});

test("rows and single values agree, and stay within the plane's range", () => {
  fc.assert(
    fc.property(side, side, side, side, (w, h, widthPx, heightPx) => {
      const sampler = createSampler(
        createValues({ widthPx: w, heightPx: h }, (x, y) => Math.sin(x * 3 + y * 7)),
        { widthPx, heightPx },
      );
      for (let y = 0; y < heightPx; y++) {
        sampler.row(y).forEach((value, x) => {
          if (Math.abs(value - sampler.at(x, y)) > 1e-6 || Math.abs(value) > 1) expect.fail(`${value} at ${x}, ${y}`);
        });
      }
    }),
  );
});

test("a ramp stays a ramp, pixel centres on pixel centres", () => {
  const sampler = createSampler(
    createValues({ widthPx: 10, heightPx: 5 }, (x, y) => x + 10 * y),
    { widthPx: 40, heightPx: 20 },
  );
  for (let y = 2; y < 18; y++) {
    for (let x = 2; x < 38; x++)
      expect(sampler.at(x, y)).toBeCloseTo((x + 0.5) / 4 - 0.5 + 10 * ((y + 0.5) / 4 - 0.5), 4);
  }
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createHairyBlob, createValues, noPause } from "../../../test/pictures.ts";
import { decideReference } from "../../../test/reference/band.ts";
import { decideOutsideBand } from "./trimap.ts";

test("only the band along the edge keeps its values", async () => {
  // A ramp from 0 to 1 in 20 columns, over a picture of ten times the width: the edge lies between columns 9 and 10.
  const ramp = createValues({ widthPx: 20, heightPx: 4 }, (x) => x / 19);
  const picture = { widthPx: 200, heightPx: 40 };
  const { data } = await decideOutsideBand(ramp, picture, 25, noPause);
  for (let x = 0; x < 20; x++) {
    // Column 9 is 10 px from the object, column 7 is 30; column 10 is 10 px from the background.
    const wanted = x <= 7 ? 0 : x >= 12 ? 1 : x / 19;
    expect(data[x], `${x}`).toBeCloseTo(wanted, 6);
  }
});

test("smoke beside the object goes, and pale parts within it become solid", async () => {
  const size = { widthPx: 32, heightPx: 32 };
  const value = (x: number, y: number) => {
    const far = Math.hypot(x - 12, y - 16);
    if (far < 2) return 0.7;
    return far < 8 ? 0.95 : x > 24 ? 0.3 : 0.05;
  };
  const { data } = await decideOutsideBand(createValues(size, value), { widthPx: 320, heightPx: 320 }, 30, noPause);
  const at = (x: number, y: number) => data[y * 32 + x] as number;
  expect([at(12, 16), at(28, 16), at(1, 1)]).toEqual([1, 0, 0]);
  // Inside the band: as before.
  expect(at(19, 16)).toBeCloseTo(0.95, 6);
});

test("a matte without an edge is decided as a whole", async () => {
  const size = { widthPx: 8, heightPx: 8 };
  const decide = (value: number) =>
    decideOutsideBand(
      createValues(size, () => value),
      size,
      3,
      noPause,
    );
  expect([...new Set((await decide(0.2)).data)]).toEqual([0]);
  expect([...new Set((await decide(0.6)).data)]).toEqual([1]);
});

test("mattes are decided as by distances of all pixels, bit for bit", async () => {
  const sides = fc.integer({ min: 1, max: 24 });
  const drawn = fc.record({
    matte: fc.record({ widthPx: sides, heightPx: sides }),
    picture: fc.record({ widthPx: fc.integer({ min: 1, max: 90 }), heightPx: fc.integer({ min: 1, max: 90 }) }),
    values: fc.array(fc.constantFrom(0, 0.1, 0.49, 0.5, 0.7, 1), { minLength: 576, maxLength: 576 }),
    // Few pixels of one side leave distances that the band does not reach.
    leastShown: fc.constantFrom(0, 0.5, 0.7, 1),
    bandPx: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.1, max: 40, noNaN: true })),
  });
  const decided = { object: 0, background: 0, left: 0 };
  await fc.assert(
    fc.asyncProperty(drawn, async ({ matte: size, picture, values, leastShown, bandPx }) => {
      const matte = createValues(size, (x, y) => {
        const value = values[y * size.widthPx + x] as number;
        return value >= leastShown && (x + 3 * y) % 7 === 0 ? value : Math.min(value, 0.49);
      });
      const { data } = await decideOutsideBand(matte, picture, bandPx, noPause);
      expect(data).toEqual((await decideReference(matte, picture, bandPx, noPause)).data);
      for (const [at, value] of data.entries()) {
        const isSame = value === matte.data[at];
        decided[isSame ? "left" : value === 1 ? "object" : "background"] += 1;
      }
    }),
    { numRuns: 400 },
  );
  expect(decided.background).toBeGreaterThan(1_000);
});

test("a matte of many turns is decided as by distances, in band and outside of it", async () => {
  const size = { widthPx: 301, heightPx: 480 };
  const blob = createHairyBlob(size, 3);
  const matte = { ...blob, data: blob.data.map((value) => 0.05 + 0.9 * value) };
  const picture = { widthPx: 2_000, heightPx: 1_500 };
  const { data } = await decideOutsideBand(matte, picture, 45, noPause);
  expect(data).toEqual((await decideReference(matte, picture, 45, noPause)).data);
  const count = (value: number) => data.filter((each) => each === value).length;
  expect(count(0)).toBeGreaterThan(50_000);
  expect(count(1)).toBeGreaterThan(5_000);
  expect(data.length - count(0) - count(1)).toBeGreaterThan(5_000);
});

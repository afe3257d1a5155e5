import { expect, test } from "vitest";
import { createValues, noPause } from "../../../test/pictures.ts";
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

import { expect, test } from "vitest";
import { createPicture, createValues, noPause } from "../pictures.ts";
import { fillHole } from "./fill-hole.ts";
import { toRgbPlanes } from "./rgb-planes.ts";

const size = { widthPx: 40, heightPx: 30 };

test("hidden pixels of any colour get the colours around them", async () => {
  const hidden = createValues(size, (x, y) => (x > 10 && x < 30 && y > 5 && y < 25 ? 1 : 0));
  const picture = createPicture(size, 3, (x, y) => (hidden.data[y * 40 + x] === 1 ? 255 : x < 20 ? 40 : 120));
  const [red] = await fillHole(await toRgbPlanes(picture.data, size, noPause), hidden, noPause);
  for (const value of red.data) expect(value * 255).toBeGreaterThan(39);
  for (const value of red.data) expect(value * 255).toBeLessThan(121);
  expect(red.data[15 * 40 + 11]! * 255).toBeLessThan(60);
  expect(red.data[15 * 40 + 29]! * 255).toBeGreaterThan(100);
});

test("a picture without visible pixels is kept", async () => {
  const picture = await toRgbPlanes(createPicture(size, 3, (x) => x).data, size, noPause);
  const filled = await fillHole(
    picture,
    createValues(size, () => 1),
    noPause,
  );
  expect(filled[1].data).toEqual(picture[1].data);
});

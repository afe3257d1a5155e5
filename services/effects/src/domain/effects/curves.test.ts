import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { changeLuminance } from "../../../test/reference/luminance.ts";
import { monotoneCubic } from "../../../test/reference/monotone-cubic.ts";
import { expectReference, mapColors, mapSamples } from "../../../test/reference/tone-pictures.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

const texts = ["0:0 0.25:0.19 0.75:0.81 1:1", "0:0 1:1", "0:1 1:0", "0.2:0.1, 0.5:0.9, 0.6:0.4, 0.9:1", "0.5:0 0.51:1"];
const pointsOf = (text: string) => text.split(/[ ,]+/).map((part) => part.split(":").map(Number) as [number, number]);

test.each(texts)("equals the reference with the points %s", async (points) => {
  const curve = monotoneCubic(pointsOf(points));
  await expectReference("curves", { points }, (picture) => mapSamples(picture, curve));
  const onRed = (red: number) => curve(red);
  await expectReference("curves", { points, channel: "red" }, (picture) =>
    mapColors(picture, ([r, g, b]) => [onRed(r), g, b]),
  );
  await expectReference("curves", { points, channel: "green" }, (picture) =>
    mapColors(picture, ([r, g, b]) => [r, curve(g), b]),
  );
  await expectReference("curves", { points, channel: "blue" }, (picture) =>
    mapColors(picture, ([r, g, b]) => [r, g, curve(b)]),
  );
});

test.each(texts.slice(0, 4))("luminance equals the reference with the points %s", async (points) => {
  const curve = monotoneCubic(pointsOf(points));
  await expectReference("curves", { points, channel: "luminance" }, (picture) => changeLuminance(picture, curve));
});

test("a straight curve changes nothing", async () => {
  const picture = createPicture(83, 41, 4);
  const result = await applyChain(picture, parseEffects([toEffect("curves", { points: "0:0 1:1" })]));
  expect(Buffer.compare(result.data, picture.data)).toBe(0);
});

test("a negative curve inverts every byte", async () => {
  const bytes = Array.from({ length: 256 }, (_, value) => value);
  const ramp = createFlat(256, 1, [0, 0, 0]);
  for (const value of bytes) ramp.data.fill(value, value * 3, value * 3 + 3);
  const result = await applyChain(ramp, parseEffects([toEffect("curves", { points: "0:1 1:0" })]));
  expect(toPixels(result).map(([r]) => r)).toEqual(bytes.map((value) => 255 - value));
});

test.each([
  "",
  "0:0",
  "0:0 0:1",
  "0.5:0 0.2:1",
  "0:0 1:1.1",
  "0:-1 1:1",
  "a:b 1:1",
  "0:0 1",
  "0:0 1:1 ,x",
  `0:0 0.${"0".repeat(320)}1:1 1:0`,
  `${"0:0 ".repeat(17)}`,
])("the points `%s` are refused", (points) => {
  expect(() => parseEffect(toEffect("curves", { points }))).toThrow("2 to 16 points as x:y with rising x");
});

import { blurFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { covering, createPicture, textured } from "../../../test/pictures.ts";
import { replaceBackground } from "./compose.ts";

const tools = { resize: resizeFrame, blur: blurFrame };
const size = { widthPx: 12, heightPx: 8 };

test("over a colour the result is exact for alpha 0 and 255, and else the rounded mixture", async () => {
  const byte = fc.integer({ min: 0, max: 255 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(byte, byte, byte, byte), fc.tuple(byte, byte, byte), async ([r, g, b, a], rgb) => {
      const cutOut: Frame = { widthPx: 1, heightPx: 1, channels: 4, data: Uint8Array.of(r, g, b, a) };
      const result = await replaceBackground(cutOut, { kind: "color", rgb }, tools);
      expect(result.channels).toBe(3);
      const mixed = [r, g, b].map((sample, c) => Math.round((sample * a + rgb[c]! * (255 - a)) / 255));
      expect([...result.data]).toEqual(a === 255 ? [r, g, b] : a === 0 ? rgb : mixed);
    }),
  );
});

test("grey and opaque cut-outs are composed too", async () => {
  const replacement = { kind: "color", rgb: [10, 20, 30] } as const;
  const grey: Frame = { widthPx: 2, heightPx: 1, channels: 2, data: Uint8Array.of(200, 255, 200, 0) };
  expect([...(await replaceBackground(grey, replacement, tools)).data]).toEqual([200, 200, 200, 10, 20, 30]);
  const opaque = createPicture(size, 3, (x) => x);
  expect((await replaceBackground(opaque, replacement, tools)).data).toEqual(opaque.data);
});

test("a background picture is scaled to cover and centred", async () => {
  const cutOut = createPicture(size, 4, () => 0);
  // Three stripes of equal width; covering 12×8 with 90×20 leaves the middle 30 columns.
  const wide = createPicture({ widthPx: 90, heightPx: 20 }, 3, (x, _y, c) => (Math.floor(x / 30) === c ? 255 : 0));
  const result = await replaceBackground(cutOut, covering, { ...tools, picture: wide });
  expect([result.widthPx, result.heightPx, result.channels]).toEqual([12, 8, 3]);
  for (let i = 0; i < 96; i++) expect([...result.data.subarray(i * 3, i * 3 + 3)]).toEqual([0, 255, 0]);
  const tiny = createPicture({ widthPx: 1, heightPx: 1 }, 1, () => 77);
  expect(
    (await replaceBackground(cutOut, covering, { ...tools, picture: tiny })).data.every((value) => value === 77),
  ).toBe(true);
});

test("over a background with alpha the result keeps the remaining transparency", async () => {
  const cutOut: Frame = {
    widthPx: 3,
    heightPx: 1,
    channels: 4,
    data: Uint8Array.of(100, 0, 0, 255, 100, 0, 0, 0, 100, 0, 0, 128),
  };
  const picture: Frame = {
    widthPx: 3,
    heightPx: 1,
    channels: 4,
    data: Uint8Array.of(0, 200, 0, 128, 0, 200, 0, 128, 0, 200, 0, 128),
  };
  const { channels, data } = await replaceBackground(cutOut, covering, { ...tools, picture });
  expect(channels).toBe(4);
  // Porter and Duff: alpha 128 + 128 × 127 / 255, colours weighted by the visible share of each.
  expect([...data]).toEqual([100, 0, 0, 255, 0, 200, 0, 128, 67, 66, 0, 192]);
});

test.each([1, 2.5, 6, 40])("a blur of %f px leaves no halo of the object and does not change it", async (sigmaPx) => {
  const shape = { widthPx: 120, heightPx: 90 };
  const inside = (x: number, y: number) => Math.hypot(x - 60, y - 45) < 25;
  const wall = [40, 120, 90];
  const picture = createPicture(shape, 3, (x, y, c) => (inside(x, y) ? [255, 0, 0][c]! : wall[c]!));
  const cutOut = createPicture(shape, 4, (x, y, c) => (inside(x, y) ? [255, 0, 0, 255][c]! : 0));
  const { data, channels } = await replaceBackground(cutOut, { kind: "blur", sigmaPx }, { ...tools, picture });
  expect(channels).toBe(3);
  const furthest = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 120, Math.floor(i / 360)];
    const [side, sample] = inside(x, y) ? [0, [255, 0, 0][i % 3]!] : [1, wall[i % 3]!];
    furthest[side] = Math.max(furthest[side]!, Math.abs(data[i]! - sample));
  }
  // The blur's own integer kernel moves a flat wall by up to two levels.
  expect(furthest[0]).toBe(0);
  expect(furthest[1]).toBeLessThanOrEqual(2);
});

test("far from the object a blurred background equals the plain blur of the picture", async () => {
  const shape = { widthPx: 200, heightPx: 60 };
  const texture = textured(3);
  const picture = createPicture(shape, 3, texture);
  const cutOut = createPicture(shape, 4, (x, _y, c) => (x < 30 ? (c === 3 ? 255 : 9) : 0));
  for (const sigmaPx of [2, 9]) {
    const { data } = await replaceBackground(cutOut, { kind: "blur", sigmaPx }, { ...tools, picture });
    const plain = await blurFrame(picture, sigmaPx);
    for (let y = 0; y < 60; y++) {
      for (let i = (y * 200 + 90) * 3; i < (y + 1) * 600; i++)
        expect(Math.abs(data[i]! - plain.data[i]!)).toBeLessThanOrEqual(4);
    }
  }
});

test("the background of an object that fills the picture, and of one pixel, can be blurred", async () => {
  for (const widthPx of [1, 40]) {
    const shape = { widthPx, heightPx: 1 };
    const picture = createPicture(shape, 3, () => 50);
    const cutOut = createPicture(shape, 4, () => 255);
    const { data } = await replaceBackground(cutOut, { kind: "blur", sigmaPx: 20 }, { ...tools, picture });
    expect(data.every((value) => value === 255)).toBe(true);
  }
});

test("a missing second picture, or one of another size for `blur`, is INVALID_PIPELINE", async () => {
  const cutOut = createPicture(size, 4, () => 0);
  await expect(replaceBackground(cutOut, covering, tools)).rejects.toMatchObject({
    reason: "INVALID_PIPELINE",
  });
  const picture = createPicture({ widthPx: 8, heightPx: 12 }, 3, () => 0);
  await expect(replaceBackground(cutOut, { kind: "blur", sigmaPx: 3 }, { ...tools, picture })).rejects.toMatchObject({
    reason: "INVALID_PIPELINE",
    message: expect.stringContaining("12x8, got 8x12") as string,
  });
});

test("an abort rejects with the signal's reason", async () => {
  const reason = new Error("stop");
  const cutOut = createPicture(size, 4, () => 0);
  const run = replaceBackground(
    cutOut,
    { kind: "color", rgb: [0, 0, 0] },
    { ...tools, signal: AbortSignal.abort(reason) },
  );
  await expect(run).rejects.toBe(reason);
});

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { blurReference, gaussianLine } from "../../../test/reference/blur.ts";
import { farthest, toLevels, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toEncoded, toLinear } from "../color/color.ts";

const sizes = [
  [1, 1],
  [1, 37],
  [37, 1],
  [83, 21],
] as const;

// Half a level from rounding, and less than a hundredth from curves and sums.
const bound = 0.51;

function blurred(frame: Parameters<typeof applyChain>[0], kind: string, radius: number) {
  return applyChain(frame, [parseEffect(toEffect("blur", { kind, radius }))]);
}

describe.each(sizes)("on a picture of %i×%i", (width, height) => {
  test.each([
    ["gaussian", 0],
    ["gaussian", 0.3],
    ["gaussian", 1.7],
    ["gaussian", 3.9],
    ["box", 0.4],
    ["box", 2],
    ["box", 5.7],
    ["lens", 0.4],
    ["lens", 0.9],
    ["lens", 4.5],
  ] as const)("%s of %f px is the sum over all pixels around", async (kind, radius) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const picture = createPicture(width, height, channels);
      const wanted = blurReference(toRgba(picture), kind, radius);
      expect(farthest(await blurred(picture, kind, radius), wanted)).toBeLessThan(bound);
    }
  });
});

test.each(["box", "lens"] as const)("%s of 64 px reaches over the whole picture", async (kind) => {
  const picture = createPicture(9, 40, 4);
  const wanted = blurReference(toRgba(picture), kind, 64);
  expect(farthest(await blurred(picture, kind, 64), wanted)).toBeLessThan(bound);
});

test.each([4.2, 7, 12])("a gaussian of %f px is three extended boxes of its variance", async (radius) => {
  for (const channels of [3, 4] as const) {
    const picture = createPicture(31, 22, channels);
    const wanted = blurReference(toRgba(picture), "boxes", radius);
    expect(farthest(await blurred(picture, "gaussian", radius), wanted)).toBeLessThan(bound);
  }
});

test.each([4.2, 9, 24, 64])(
  "across an edge, a gaussian of %f px differs from the exact one by less than 0.011",
  async (radius) => {
    const width = 200;
    const edge = {
      ...createFlat(width, 1, [0]),
      data: Uint8Array.from({ length: width }, (_, x) => (x < 100 ? 0 : 255)),
    };
    const result = await blurred(edge, "gaussian", radius);
    const line = gaussianLine(radius / 2);
    const sum = line.reduce((total, weight) => total + weight, 0);
    const reach = (line.length - 1) / 2;
    toPixels(result).forEach(([level], x) => {
      const exact = line.reduce((total, weight, i) => total + (x + i - reach < 100 ? 0 : weight), 0) / sum;
      // A level is at most 0.009 of linear light.
      expect(Math.abs(toLinear(level! / 255) - exact)).toBeLessThan(0.011 + 0.0045);
    });
  },
);

test.each([1, 2, 4, 10])("a gaussian of %f px is that of libvips in linear light", async (radius) => {
  const [width, height] = [83, 61];
  const picture = createPicture(width, height, 1);
  const light = Uint16Array.from(picture.data, (level) => Math.round(toLinear(level / 255) * 65_535));
  const raw = { width, height, channels: 1 } as const;
  const buffer = await sharp(light, { raw })
    .pipelineColourspace("grey16")
    .toColourspace("grey16")
    .blur({ sigma: radius / 2, minAmplitude: 0.001, precision: "float" })
    .raw({ depth: "ushort" })
    .toBuffer();
  const exact = new Uint16Array(buffer.buffer, buffer.byteOffset, width * height);
  const result = await blurred(picture, "gaussian", radius);
  const differences = toPixels(result).map(
    ([level], i) => Math.abs(level! / 255 - toEncoded(exact[i]! / 65_535)) * 255,
  );
  // libvips cuts its mask at a thousandth of its height. Above a standard deviation of 2 px, the rest are the three boxes.
  expect(Math.max(...differences)).toBeLessThan(radius <= 4 ? 1 : 4);
});

test("colours of invisible pixels do not spread, and the light of visible ones does not depend on them", async () => {
  const picture = createPicture(40, 30, 4);
  const hidden = { ...picture, data: picture.data.slice() };
  for (let i = 0; i < picture.data.length; i += 4) {
    if ((i / 4) % 3 !== 0) continue;
    picture.data[i + 3] = 0;
    hidden.data.set([255, 0, 255, 0], i);
  }
  for (const kind of ["gaussian", "box", "lens"]) {
    for (const radius of [0.5, 2, 9]) {
      const [one, other] = [await blurred(picture, kind, radius), await blurred(hidden, kind, radius)];
      const visible = (frame: typeof one) => toPixels(frame).filter((pixel) => pixel[3] !== 0);
      expect(visible(one)).toEqual(visible(other));
    }
  }
});

test("a flat picture stays as it is at any radius", async () => {
  for (const kind of ["gaussian", "box", "lens"]) {
    for (const radius of [0.1, 3, 11.3, 64]) {
      const flat = createFlat(33, 9, [3, 128, 255]);
      expect(toPixels(await blurred(flat, kind, radius))).toEqual(toPixels(flat));
    }
  }
});

test.each(["gaussian", "box", "lens"])("%s changes without a jump from no blur on", async (kind) => {
  const picture = createPicture(40, 30, 3);
  let last = await blurred(picture, kind, 0);
  expect(toPixels(last)).toEqual(toPixels(picture));
  for (let radius = 0.02; radius < 1.3; radius += 0.02) {
    const next = await blurred(picture, kind, radius);
    expect(farthest(next, toRgba(last))).toBeLessThan(30);
    last = next;
  }
});

test("before and after other effects, values are those of the floats between them", async () => {
  const picture = createPicture(37, 23, 4);
  const chain = (...effects: ReturnType<typeof toEffect>[]) =>
    applyChain(
      picture,
      effects.map((effect) => parseEffect(effect)),
    );
  const [small, large] = [toEffect("blur", { radius: 1.3 }), toEffect("blur", { kind: "box", radius: 3.5 })];
  const wanted = blurReference(blurReference(toRgba(picture), "gaussian", 1.3), "box", 3.5);
  expect(farthest(await chain(small, large), wanted)).toBeLessThan(bound);
  const grey = await chain(small, toEffect("black_and_white"), large);
  expect(toLevels(grey, toRgba(grey)).every(([level]) => level >= 0 && level <= 255)).toBe(true);
});

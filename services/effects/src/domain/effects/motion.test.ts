import sharp from "sharp";
import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { levelsApart, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { motionReference } from "../../../test/reference/motion.ts";
import { shakeReference } from "../../../test/reference/shake.ts";
import { stageOf } from "../../../test/stage-of.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toLinear } from "../color/color.ts";
import { lineTaps } from "../glitch/line.ts";

const settings = [
  { length: 0, angle: 12 },
  { length: 0.9, angle: 60 },
  { length: 1.01, angle: 0 },
  { length: 2, angle: 0 },
  { length: 7, angle: 180 },
  { length: 20, angle: 90 },
  { length: 9.3, angle: 45 },
  { length: 20, angle: 33 },
  { length: 14, angle: 110 },
  { length: 128, angle: 135 },
];

test.each(sizes)("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = motionReference(toPicture(picture), one);
      // Half a level of rounding, and the curves' tables.
      expect([one, (await levelsApart(picture, [toEffect("motion", one)], wanted)) < 0.52]).toEqual([one, true]);
    }
  }
});

/** Returns a picture of black and white blocks and lines: encoded values and linear light are the same there. */
function createBars(widthPx: number, heightPx: number) {
  const frame = createFlat(widthPx, heightPx, [0, 0, 0]);
  for (let i = 0; i < widthPx * heightPx; i++) {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    if (x % 13 < 5 !== y % 17 < 9 || x === 30) frame.data.fill(255, i * 3, i * 3 + 3);
  }
  return frame;
}

test.each([
  [0, 21, 1],
  [90, 21, 0],
])("at %i° it is the mean that libvips finds", async (angle, span, isLevel) => {
  const picture = createBars(70, 60);
  const { widthPx: width, heightPx: height } = picture;
  // The middle row, or column, of a kernel of 21×3 or 3×21.
  const kernel = Array.from({ length: span * 3 }, (_, i) => ((isLevel ? Math.floor(i / span) : i % 3) === 1 ? 1 : 0));
  const wanted = await sharp(picture.data, { raw: { width, height, channels: 3 } })
    .convolve({ width: isLevel ? span : 3, height: isLevel ? 3 : span, kernel, scale: span })
    .raw()
    .toBuffer();
  const result = await applyChain(picture, parseEffects([toEffect("motion", { length: span, angle })]));
  let apart = 0;
  for (const [i, byte] of result.data.entries())
    apart = Math.max(apart, Math.abs(toLinear(byte / 255) * 255 - wanted[i]!));
  // Both are rounded to bytes, half a level each; a level is at most 2.3 levels of linear light, the curve's steepest.
  expect(apart).toBeLessThan(0.5 + 0.5 * 2.3);
});

test("a point becomes a line of its length and direction with the point's light", async () => {
  for (const [angle, inside, outside] of [
    [0, [6, 0], [0, 1]],
    [90, [0, -6], [1, 0]],
    [45, [4, -4], [4, 4]],
    [135, [-4, -4], [4, -4]],
  ] as const) {
    const picture = createFlat(41, 41, [0, 0, 0]);
    picture.data.fill(255, 840 * 3, 841 * 3);
    const pixels = toPixels(await applyChain(picture, parseEffects([toEffect("motion", { length: 15, angle })])));
    const at = ([right, down]: readonly [number, number]) => pixels[840 + right + 41 * down]![0]!;
    expect(at(inside)).toBeGreaterThan(60);
    expect(at(outside)).toBe(0);
    const light = pixels.reduce((sum, [value]) => sum + toLinear(value! / 255), 0);
    expect(light).toBeCloseTo(1, 1);
  }
});

test("the weights of a line add up to 1 and are the same on both sides", () => {
  for (let angle = 0; angle <= 180; angle += 7.5) {
    for (const length of [0.05, 1, 1.5, 20, 77.7, 128]) {
      const taps = lineTaps(length, angle);
      expect(taps.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 7);
      for (const { right, down, weight } of taps) {
        expect(Math.hypot(right, down)).toBeLessThan(length / 2 + 2);
        const opposite = taps.find((tap) => tap.right === 0 - right && tap.down === 0 - down);
        expect(opposite?.weight).toBeCloseTo(weight, 9);
      }
    }
  }
});

test("an even area stays as it is, and an invisible pixel's colour does not bleed", async () => {
  const picture = createFlat(30, 30, [100, 180, 33, 255]);
  for (let i = 0; i < 900; i += 11) picture.data.set([255, 0, 255, 0], i * 4);
  for (const angle of [0, 30, 90]) {
    const pixels = toPixels(await applyChain(picture, parseEffects([toEffect("motion", { length: 12, angle })])));
    const visible = pixels.filter(([, , , alpha]) => alpha === 255);
    expect(new Set(visible.map((pixel) => pixel.join()))).toEqual(new Set(["100,180,33,255"]));
  }
});

test("where all of the line is invisible, the own colour stays", async () => {
  const picture = createPicture(50, 6, 4);
  for (let i = 3; i < picture.data.length; i += 4) picture.data[i] = 0;
  const result = await applyChain(picture, parseEffects([toEffect("motion")]));
  expect([...result.data]).toEqual([...picture.data]);
});

test("memory and the rows held back do not grow with the height", async () => {
  const [effect] = parseEffects([toEffect("motion", { length: 20, angle: 60 })]);
  const run = async (heightPx: number) => {
    const space = openKernelSpace();
    let allocated = 0;
    const counted: typeof space = {
      ...space,
      allocate(bytes) {
        allocated += bytes;
        return space.allocate(bytes);
      },
    };
    const out = space.allocate(64 * 3);
    const row = space.allocate(64 * 3);
    let emitted = 0;
    const target = {
      place: () => out,
      emit() {
        emitted += 1;
      },
    };
    const shape = { widthPx: 64, heightPx, channels: 3 } as const;
    const create = await stageOf(effect!, counted, shape);
    const stage = create({ space: counted, shape, from: "bytes", to: "bytes" }, target);
    const held = Array.from({ length: 40 }, (_, y) => {
      stage.push(row);
      return y + 1 - emitted;
    });
    space.close();
    return { allocated, held: Math.max(...held) };
  };
  expect(await run(1_000_000)).toEqual(await run(1_000));
  // 10 px at 60° reach 8.66 px down.
  expect((await run(1_000)).held).toBe(9);
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const [one, shaken] = [
    { length: 11, angle: 70 },
    { amount: 24, block: 16, density: 60, channels: 20, edge: "repeat", seed: 0 },
  ] as const;
  const chain = [toEffect("motion", one), toEffect("shake")];
  const after = shakeReference(motionReference(toPicture(picture), one), shaken);
  expect(await levelsApart(picture, chain, after)).toBeLessThan(0.52);
  const before = motionReference(shakeReference(toPicture(picture), shaken), one);
  expect(await levelsApart(picture, chain.toReversed(), before)).toBeLessThan(0.52);
});

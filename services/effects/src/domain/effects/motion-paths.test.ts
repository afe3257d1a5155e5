import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFrameStore,
  decodePicture,
  defaultLimits,
  type Frame,
  resizeFrame,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { frameSsim, testPicture } from "@pixelmesh/testing";
import { expect, onTestFinished, test } from "vitest";
import { grownBytes } from "../../../test/grown-memory.ts";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { levelsApart, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { motionReference } from "../../../test/reference/motion.ts";
import { type PathSettings, pathMean, pathReference } from "../../../test/reference/motion-paths.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";
import { chainNeed } from "../chain-need.ts";
import { toEncoded, toLinear } from "../color/color.ts";

const byDefault: PathSettings = { kind: "zoom", amount: 10, arc: 6, center_x: 50, center_y: 50 };

const settings: readonly PathSettings[] = [
  { ...byDefault, amount: 0 },
  byDefault,
  { ...byDefault, amount: 45, center_x: 20, center_y: 90 },
  { ...byDefault, amount: 100, center_x: 0, center_y: 0 },
  { ...byDefault, kind: "spin", arc: 0 },
  { ...byDefault, kind: "spin" },
  { ...byDefault, kind: "spin", arc: 33, center_x: 100, center_y: 31 },
  { ...byDefault, kind: "spin", arc: 90 },
];

/**
 * Half a level of rounding, the curves, and 16 bits for a stored sample: 2^-12 of its linear light, which is at most a 2.4th of that in encoded levels. Three
 * passes store three times; colour and alpha count both.
 */
const roundedLevels = 0.5 + 0.01 + (6 * 255 * 2 ** -12) / 2.4;

const apply = (frame: Frame, one: Partial<PathSettings>) => applyChain(frame, parseEffects([toEffect("motion", one)]));

test.each(sizes)("zoom and spin on %i×%i are those of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = pathReference(toPicture(picture), one);
      expect([one, (await levelsApart(picture, [toEffect("motion", one)], wanted)) < roundedLevels]).toEqual([
        one,
        true,
      ]);
    }
  }
});

test.each([
  { ...byDefault, amount: 100, center_y: 10 },
  { ...byDefault, kind: "spin" as const, arc: 80, center_y: 80 },
])("so they are on several tiles and with three passes", async (one) => {
  // Tiles have 128 px and lie in bands of two.
  const picture = createPicture(140, 270, 4);
  const wanted = pathReference(toPicture(picture), one);
  expect(await levelsApart(picture, [toEffect("motion", one)], wanted)).toBeLessThan(roundedLevels);
});

/** Returns a picture of waves, too smooth for interpolation between pixels to show. */
function createWaves(widthPx: number, heightPx: number): Frame {
  const frame = createFlat(widthPx, heightPx, [0, 0, 0]);
  for (let i = 0; i < widthPx * heightPx; i++) {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const colors = [Math.sin(x / 9), Math.cos(y / 11), Math.sin((x + y) / 13)];
    frame.data.set(
      colors.map((value) => 128 + 90 * value),
      i * 3,
    );
  }
  return frame;
}

test.each(["zoom", "spin"] as const)("%s is the mean along each path, where its passes stay inside", async (kind) => {
  const picture = createWaves(120, 100);
  const one = { ...byDefault, kind, amount: 40, arc: 25 };
  const result = await apply(picture, one);
  const wanted = pathMean(toPicture(picture), one);
  const apart = result.data.map((byte, i) => {
    const [x, y] = [Math.floor(i / 3) % 120, Math.floor(i / 360)];
    const isInside = Math.hypot(x - 59.5, y - 49.5) < 38;
    return isInside ? Math.round(Math.abs(byte - 255 * wanted.samples[i]!)) : 0;
  });
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
});

test("the pixel at the centre stays, wherever the centre is", async () => {
  for (const channels of [3, 4] as const) {
    const picture = createPicture(41, 31, channels);
    for (let i = 3; channels === 4 && i < picture.data.length; i += 4) picture.data[i] = 255;
    for (const [kind, x, y] of [
      ["zoom", 20, 15],
      ["spin", 20, 15],
      ["zoom", 3, 29],
      ["spin", 40, 0],
    ] as const) {
      const center = { center_x: ((x + 0.5) / 41) * 100, center_y: ((y + 0.5) / 31) * 100 };
      const result = await apply(picture, { kind, amount: 100, arc: 90, ...center });
      expect(toPixels(result)[y * 41 + x]).toEqual(toPixels(picture)[y * 41 + x]);
    }
  }
});

/** Returns a picture whose levels follow from the distance from its centre and the angle about it. */
function createPolar(sidePx: number, levelAt: (distance: number, angle: number) => number): Frame {
  const frame = createFlat(sidePx, sidePx, [0, 0, 0]);
  const center = (sidePx - 1) / 2;
  for (let i = 0; i < sidePx * sidePx; i++) {
    const [x, y] = [(i % sidePx) - center, Math.floor(i / sidePx) - center];
    frame.data.fill(Math.round(levelAt(Math.hypot(x, y), Math.atan2(y, x))), i * 3, i * 3 + 3);
  }
  return frame;
}

test.each([
  ["spin", "rings", createPolar(151, (distance) => 128 + 80 * Math.cos(distance / 8))],
  ["zoom", "rays", createPolar(151, (_, angle) => 128 + 80 * Math.cos(3 * angle))],
] as const)("%s leaves %s as they are", async (kind, _, picture) => {
  const result = toPixels(await apply(picture, { kind, amount: 50, arc: 60 }));
  toPixels(picture).forEach(([level], i) => {
    const distance = Math.hypot((i % 151) - 75, Math.floor(i / 151) - 75);
    // Paths inside the picture; rays are too narrow near the centre.
    if (distance < 15 || distance > 55) return;
    expect(Math.abs(result[i]![0]! - level!)).toBeLessThanOrEqual(2);
  });
});

test("a spin makes of a point an arc of its angle with the point's light", async () => {
  const picture = createFlat(201, 201, [0, 0, 0]);
  // 80 px to the right of the centre.
  picture.data.fill(255, (100 * 201 + 180) * 3, (100 * 201 + 181) * 3);
  const pixels = toPixels(await apply(picture, { kind: "spin", arc: 40 }));
  const at = (degrees: number, distance = 80) => {
    const angle = (degrees * Math.PI) / 180;
    return pixels[
      Math.round(100 + distance * Math.sin(angle)) * 201 + Math.round(100 + distance * Math.cos(angle))
    ]![0]!;
  };
  for (let degrees = -18; degrees <= 18; degrees += 3) expect(at(degrees)).toBeGreaterThan(20);
  for (const degrees of [-90, -24, 24, 90, 180]) expect(at(degrees)).toBe(0);
  expect(at(0, 74) + at(0, 86)).toBe(0);
  const light = pixels.reduce((sum, [value]) => sum + toLinear(value! / 255), 0);
  expect(light).toBeCloseTo(1, 1);
});

test("a zoom makes of a point a part of its ray", async () => {
  const picture = createFlat(201, 201, [0, 0, 0]);
  picture.data.fill(255, (100 * 201 + 160) * 3, (100 * 201 + 161) * 3);
  const pixels = toPixels(await apply(picture, { kind: "zoom", amount: 60 }));
  // A pixel at distance d reads from 0.7 d to 1.3 d, so those from 60 / 1.3 to 60 / 0.7 px reach the point.
  for (const distance of [48, 54, 60, 72, 83]) expect(pixels[100 * 201 + 100 + distance]![0]).toBeGreaterThan(20);
  for (const distance of [-60, 20, 43, 89]) expect(pixels[100 * 201 + 100 + distance]![0]).toBe(0);
});

test("a zoom gives each scale the light that its area has", async () => {
  const picture = createFlat(201, 201, [0, 0, 0]);
  for (let i = 0; i < 201 * 201; i++) {
    const distance = Math.hypot((i % 201) - 155, Math.floor(i / 201) - 90);
    picture.data.fill(Math.round(255 * toEncoded(Math.exp((-distance * distance) / 50))), i * 3, i * 3 + 3);
  }
  const lightOf = (frame: Frame) => toPixels(frame).reduce((sum, [value]) => sum + toLinear(value! / 255), 0);
  const share = lightOf(await apply(picture, { kind: "zoom", amount: 60 })) / lightOf(picture);
  // A scale s shrinks areas by s²: the mean of 1 / s² for scales from 0.7 to 1.3.
  expect(share).toBeCloseTo(1 / (0.7 * 1.3), 2);
});

test("an even area stays as it is, and an invisible pixel's colour does not bleed", async () => {
  const picture = createFlat(60, 50, [100, 180, 33, 255]);
  for (let i = 0; i < 3_000; i += 11) picture.data.set([255, 0, 255, 0], i * 4);
  for (const kind of ["zoom", "spin"] as const) {
    const pixels = toPixels(await apply(picture, { kind, amount: 60, arc: 50 }));
    const visible = pixels.filter(([, , , alpha]) => alpha === 255);
    expect(new Set(visible.map((pixel) => pixel.join()))).toEqual(new Set(["100,180,33,255"]));
  }
});

test("where all of the path is invisible, the own colour stays", async () => {
  const picture = createPicture(50, 20, 4);
  for (let i = 3; i < picture.data.length; i += 4) picture.data[i] = 0;
  for (const kind of ["zoom", "spin"] as const)
    expect([...(await apply(picture, { kind, amount: 60, arc: 50 })).data]).toEqual([...picture.data]);
});

test("opaque pictures have the same colours with and without alpha", async () => {
  const opaque = createPicture(150, 140, 3);
  const covered = createFlat(150, 140, [0, 0, 0, 255]);
  toPixels(opaque).forEach((pixel, i) => {
    covered.data.set(pixel, i * 4);
  });
  for (const kind of ["zoom", "spin"] as const) {
    const [plain, withAlpha] = [await apply(opaque, { kind }), await apply(covered, { kind })];
    expect(toPixels(withAlpha).map((pixel) => pixel.slice(0, 3))).toEqual(toPixels(plain));
  }
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const [one, straight] = [
    { ...byDefault, kind: "spin", arc: 30 },
    { length: 11, angle: 70 },
  ] as const;
  const chain = [toEffect("motion", one), toEffect("motion", straight)];
  const after = motionReference(pathReference(toPicture(picture), one), straight);
  expect(await levelsApart(picture, chain, after)).toBeLessThan(roundedLevels);
  const before = pathReference(motionReference(toPicture(picture), straight), one);
  expect(await levelsApart(picture, chain.toReversed(), before)).toBeLessThan(roundedLevels);
});

test("pictures in files give the result of pictures in memory", async () => {
  const dir = await mkdtemp(join(tmpdir(), "motion-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const picture = createPicture(400, 150, 4);
  for (const kind of ["zoom", "spin"] as const) {
    const effects = parseEffects([toEffect("invert"), toEffect("motion", { kind, arc: 80, amount: 80 })]);
    const frameStore = createFrameStore(async () => dir, 0);
    const result = await toWholeFrame(await applyChainTo(picture, effects, frameStore));
    await frameStore.close();
    expect(Buffer.compare(result.data, (await applyChain(picture, effects)).data)).toBe(0);
  }
});

test("the memory that is needed for 100 MP is far below that of the picture", () => {
  const shape = { widthPx: 10_000, heightPx: 10_000, channels: 4 } as const;
  for (const one of [...settings, { ...byDefault, kind: "spin" as const, arc: 90, center_x: 0 }]) {
    const [effect] = parseEffects([toEffect("motion", one)]);
    expect(effect!.work.memory(shape).workBytes).toBeLessThan(192 * 2 ** 20);
  }
});

test.each(["zoom", "spin"] as const)("%s takes no more memory than it declares", async (kind) => {
  const picture = createPicture(1_100, 700, 4);
  const effects = parseEffects([toEffect("motion", { kind })]);
  const grown = await grownBytes(() => applyChain(picture, effects));
  expect(grown).toBeLessThanOrEqual(chainNeed(effects, picture).workBytes);
  // 9 × 6 tiles of 266 KiB.
  expect(grown).toBeGreaterThan(14 * 2 ** 20);
});

test.each(["zoom", "spin"] as const)("a preview of %s looks like the full result shrunk", async (kind) => {
  const { bytes } = await testPicture("still-life.jpg");
  const { frame } = await decodePicture(bytes, defaultLimits);
  const [widthPx, heightPx] = [300, Math.round((300 * frame.heightPx) / frame.widthPx)];
  const [effect] = parseEffects([toEffect("motion", { kind })]);
  const full = await resizeFrame(await applyChain(frame, [effect!]), widthPx, heightPx);
  const preview = await applyChain(await resizeFrame(frame, widthPx, heightPx), [effect!.atScale(300 / frame.widthPx)]);
  expect(frameSsim(preview, full)).toBeGreaterThanOrEqual(0.95);
});

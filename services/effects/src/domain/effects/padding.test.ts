import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, defaultLimits, type Frame, toWholeFrame } from "@pixelmesh/imaging";
import { Step } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { fromSharp, toColors, toSharp } from "../../../test/reference/sharp-canvas.ts";
import { applyInStrips } from "../../../test/strips.ts";
import { createEffectsHandler } from "../../steps/effects-step.ts";
import { createChainThreads } from "../../threads/chain-threads.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";

type Settings = Parameters<typeof toEffect>[1];

const padding = (settings: Settings) => parseEffects([toEffect("padding", settings)]);
// Changes nothing: effects after it get floats, and effects before it write floats.
const whole = toEffect("crop", { mode: "box", box: "0,0,100%,100%" });

/** Resolves to a picture with borders of a colour, as sharp adds them. */
function extended(
  picture: Frame,
  [top, right, bottom, left]: readonly [number, number, number, number],
  background: { r: number; g: number; b: number; alpha: number } = { r: 255, g: 255, b: 255, alpha: 1 },
): Promise<Frame> {
  const image = toSharp(toColors(picture));
  return fromSharp(
    (background.alpha < 1 ? image.ensureAlpha() : image).extend({ top, right, bottom, left, background }),
  );
}

test("borders are those of sharp, at sides in the order of CSS", async () => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(40, 30, channels);
    for (const [sides, lengths] of [
      ["3", [3, 3, 3, 3]],
      ["3 4", [3, 4, 3, 4]],
      ["3,4,5", [3, 4, 5, 4]],
      ["3, 4, 5, 6", [3, 4, 5, 6]],
      ["0,0,0,7", [0, 0, 0, 7]],
      ["9,0,0,0", [9, 0, 0, 0]],
      // Percents of the longer side, 40 px.
      ["5% 2,10%", [2, 2, 4, 2]],
    ] as const) {
      const result = await applyChain(picture, padding({ sides, behind: false, color: "#102030" }));
      const wanted = await extended(picture, lengths, { r: 16, g: 32, b: 48, alpha: 1 });
      expect([sides, result]).toEqual([sides, wanted]);
    }
  }
});

test("transparent borders add alpha, and keep the alpha of a picture", async () => {
  for (const channels of [3, 4] as const) {
    const picture = createPicture(40, 30, channels);
    const wanted = await extended(picture, [5, 5, 5, 5], { r: 0, g: 0, b: 0, alpha: 0 });
    expect(await applyChain(picture, padding({ sides: "5", color: "#000000", opacity: 0 }))).toEqual(wanted);
  }
});

test("up to an aspect the picture with its sides lies at the place that sharp gives it", async () => {
  for (const [width, height, aspect, size] of [
    [60, 40, "1:1", [60, 60]],
    [40, 60, "1:1", [60, 60]],
    [60, 40, "16:9", [71, 40]],
    [60, 40, "1:2", [60, 120]],
    [60, 40, "3:2", [60, 40]],
  ] as const) {
    const picture = createPicture(width, height, 3);
    for (const gravity of ["center", "top", "bottom", "left", "right"]) {
      const result = await applyChain(picture, padding({ mode: "aspect", sides: "0", aspect, gravity }));
      const position = gravity === "center" ? "centre" : gravity;
      const wanted = await fromSharp(
        toSharp(picture).resize(size[0], size[1], { fit: "contain", position, background: "#ffffff" }),
      );
      expect([aspect, gravity, result]).toEqual([aspect, gravity, wanted]);
    }
  }
});

test("the result has the aspect, rounded, around the picture with its sides", async () => {
  const side = fc.integer({ min: 1, max: 60 });
  await fc.assert(
    fc.asyncProperty(side, side, side, side, async (width, height, across, down) => {
      const settings = { mode: "aspect", sides: "1,2,3,4", aspect: `${across}:${down}` };
      const { widthPx, heightPx } = await applyChain(createFlat(width, height, [9, 9, 9]), padding(settings));
      const [least, lowest] = [width + 6, height + 4];
      expect(widthPx === least || heightPx === lowest).toBe(true);
      expect(widthPx).toBeGreaterThanOrEqual(least);
      expect(heightPx).toBeGreaterThanOrEqual(lowest);
      const isWider = heightPx === lowest;
      const exact = isWider ? (heightPx * across) / down : (widthPx * down) / across;
      expect(Math.abs((isWider ? widthPx : heightPx) - Math.max(exact, isWider ? least : lowest))).toBeLessThanOrEqual(
        0.5,
      );
    }),
    { numRuns: 100 },
  );
});

test("up to a size the picture lies at each of the nine places", async () => {
  const picture = createPicture(20, 11, 3);
  for (const [gravity, lengths] of [
    ["top_left", [1, 12, 10, 1]],
    ["top", [1, 7, 10, 6]],
    ["top_right", [1, 1, 10, 12]],
    ["left", [5, 12, 6, 1]],
    ["center", [5, 7, 6, 6]],
    ["right", [5, 1, 6, 12]],
    ["bottom_left", [10, 12, 1, 1]],
    ["bottom", [10, 7, 1, 6]],
    ["bottom_right", [10, 1, 1, 12]],
  ] as const) {
    const result = await applyChain(picture, padding({ mode: "size", sides: "1", size: "33x22", gravity }));
    expect([gravity, result]).toEqual([gravity, await extended(picture, lengths)]);
  }
});

test("a side that is longer than the size stays", async () => {
  const picture = createPicture(50, 40, 3);
  const result = await applyChain(picture, padding({ mode: "size", sides: "1", size: "30x48" }));
  expect(result).toEqual(await extended(picture, [4, 1, 4, 1]));
});

test("a preview has lengths and sizes of the picture, shrunk", async () => {
  const scaled = (settings: Settings) => padding(settings).map((effect) => effect.atScale(0.25));
  const preview = createPicture(100, 76, 3);
  expect(await applyChain(preview, scaled({ sides: "8,40" }))).toEqual(await extended(preview, [2, 10, 2, 10]));
  const sized = await applyChain(preview, scaled({ mode: "size", sides: "0", size: "480x400" }));
  expect(sized).toEqual(await extended(preview, [12, 10, 12, 10]));
});

test("a result above the limits is refused before the picture is decoded", async () => {
  const threads = createChainThreads(1);
  onTestFinished(threads.close);
  const { need } = createEffectsHandler(threads);
  for (const [settings, size] of [
    [{ sides: "99999" }, "200998x200998"],
    [{ mode: "aspect", sides: "0", aspect: "99999:1" }, "99999000x1000"],
    [{ mode: "size", size: "16385x5" }, "16385x1100"],
  ] as const) {
    const value = { effects: [toEffect("padding", settings)] };
    const step = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value } });
    const estimate = async () => need(step, [{ widthPx: 1_000, heightPx: 1_000, channels: 3 }], defaultLimits);
    await expect(estimate()).rejects.toMatchObject({
      reason: "OUTPUT_TOO_LARGE",
      message: expect.stringContaining(size),
    });
  }
});

test("the colour behind a cut-out is mixed as sharp flattens, and the result has no alpha", async () => {
  const picture = createPicture(61, 43, 4);
  const wanted = await fromSharp(
    toSharp(picture)
      .flatten({ background: "#3080c0" })
      .extend({ top: 2, right: 2, bottom: 2, left: 2, background: "#3080c0" }),
  );
  const result = await applyChain(picture, padding({ sides: "2", color: "#3080c0" }));
  expect([result.widthPx, result.heightPx, result.channels]).toEqual([65, 47, 3]);
  const apart = result.data.map((value, i) => Math.abs(value - (wanted.data[i] as number)));
  // libvips cuts fractions off.
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
});

test("the colour behind a pixel is mixed by its alpha and opacity, exactly at both ends", async () => {
  const byte = fc.integer({ min: 0, max: 255 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(byte, byte, byte, byte), fc.constantFrom(100, 60, 3), async ([r, g, b, a], opacity) => {
      const picture = createFlat(1, 1, [r, g, b, a]);
      const result = await applyChain(picture, padding({ sides: "0", color: "#204060", opacity }));
      // Porter, Duff: over. Straight alpha.
      const alpha = a / 255;
      const under = (opacity / 100) * (1 - alpha);
      const mixed = [32, 64, 96].map((value, c) => ([r, g, b][c]! * alpha + value * under) / (alpha + under));
      const wanted = opacity === 100 ? mixed : [...mixed, (alpha + under) * 255];
      expect(result.channels).toBe(wanted.length);
      for (const [c, value] of wanted.entries()) expect(Math.abs(result.data[c]! - value)).toBeLessThan(0.501);
    }),
    { numRuns: 200 },
  );
});

test("no colour behind, or a transparent one, leaves the picture's pixels as they are", async () => {
  const picture = createPicture(9, 7, 4);
  for (const settings of [{ behind: false }, { opacity: 0 }, { behind: false, opacity: 40 }])
    expect(await applyChain(picture, padding({ sides: "0", ...settings }))).toEqual(picture);
});

test("an opaque picture gives the same with and without alpha", async () => {
  const opaque = createPicture(31, 22, 3);
  const covered = await fromSharp(toSharp(opaque).ensureAlpha());
  for (const opacity of [100, 55]) {
    const results = await Promise.all([opaque, covered].map((picture) => applyChain(picture, padding({ opacity }))));
    expect(results[0]).toEqual(results[1]);
  }
});

test("the result is the same for any strips, with files, and after other effects", async () => {
  const dir = await mkdtemp(join(tmpdir(), "padding-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const frameStore = createFrameStore(async () => dir, 0);
  onTestFinished(frameStore.close);
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(37, 60, channels);
    for (const settings of [
      { sides: "70,3,50,9" },
      { sides: "0 1 2 0", opacity: 30, color: "#aa0033" },
      { mode: "aspect", behind: false, gravity: "top" },
    ]) {
      const chain = padding(settings);
      const wanted = await applyChain(picture, chain);
      for (const stripRows of [1, 7, 300]) expect(await applyInStrips(picture, chain, stripRows)).toEqual(wanted);
      const after = parseEffects([whole, toEffect("padding", settings), whole]);
      expect(await applyChain(picture, after)).toEqual(wanted);
      expect(await toWholeFrame(await applyChainTo(picture, after, frameStore))).toEqual(wanted);
    }
  }
});

test("the preset `product` shows a cut-out in the middle of a white square with a margin of 5 % and a grey shadow under it", async () => {
  const picture = createFlat(2_000, 1_500, [200, 30, 40, 0]);
  for (let y = 100; y < 1_000; y++) for (let x = 900; x < 1_350; x++) picture.data[(y * 2_000 + x) * 4 + 3] = 255;
  const [width, height] = [450, 900];
  const result = await applyChain(picture, parseEffects([toEffect("preset:product")]));
  expect([result.widthPx, result.heightPx, result.channels]).toEqual([1_000, 1_000, 3]);
  const [left, top] = [(1_000 - width) / 2, (1_000 - height) / 2];
  expect(top).toBe(50);
  const pixels = toPixels(result);
  const wrong = pixels.findIndex((pixel, i) => {
    const [x, y] = [i % 1_000, Math.floor(i / 1_000)];
    const isObject = x >= left && x < left + width && y >= top && y < top + height;
    if (isObject) return pixel.join() !== "200,30,40";
    // The lowest 5 % of the object rest on the ground, and the shadow reaches 10 + 1.5 * 12 px below it.
    const isNearGround = y >= top + 0.95 * height && y < top + height + 28;
    return isNearGround ? new Set(pixel).size !== 1 : pixel.join() !== "255,255,255";
  });
  expect(wrong).toBe(-1);
  const greyAt = (x: number, y: number) => pixels[y * 1_000 + x]?.[0];
  expect(greyAt(500, top + height)).toBeLessThan(230);
  expect([greyAt(left - 40, top + height), greyAt(left + width + 40, top + height)]).toEqual([255, 255]);
});

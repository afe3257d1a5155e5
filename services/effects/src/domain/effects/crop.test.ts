import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type Frame, toWholeFrame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createFlat, createPicture, toEffect } from "../../../test/pictures.ts";
import { cutOut, fromSharp, toColors, toSharp, trimmedArea } from "../../../test/reference/sharp-canvas.ts";
import { applyInStrips } from "../../../test/strips.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain, applyChainTo } from "../chain.ts";
import { chainNeed } from "../chain-need.ts";

type Settings = Parameters<typeof toEffect>[1];

const crop = (settings: Settings) => parseEffects([toEffect("crop", settings)]);
// Changes nothing: effects after it get floats, and effects before it write floats.
const whole = toEffect("crop", { mode: "box", box: "0,0,100%,100%" });

/** Returns a picture with one alpha for all pixels but some. */
function createSpots(
  widthPx: number,
  heightPx: number,
  spots: readonly (readonly [x: number, y: number, alpha: number])[],
  rest = 0,
): Frame {
  const frame = createPicture(widthPx, heightPx, 4);
  for (let i = 3; i < frame.data.length; i += 4) frame.data[i] = rest;
  for (const [x, y, alpha] of spots) frame.data[(y * widthPx + x) * 4 + 3] = alpha;
  return frame;
}

test("a box in px, and one in percents of whole pixels, is the one that sharp extracts", async () => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(50, 40, channels);
    const area = { leftPx: 5, topPx: 8, widthPx: 30, heightPx: 11 };
    const wanted = await cutOut(toColors(picture), area);
    for (const box of ["5,8,30,11", "10%, 20%, 60%, 27.5%", "5 20% 60% 11"])
      expect(await applyChain(picture, crop({ mode: "box", box }))).toEqual(wanted);
  }
});

test("a box is clipped to the picture", async () => {
  const side = fc.integer({ min: 1, max: 60 });
  const picture = createPicture(50, 40, 4);
  const [x, y] = [fc.integer({ min: 0, max: 49 }), fc.integer({ min: 0, max: 39 })];
  await fc.assert(
    fc.asyncProperty(x, y, side, side, async (left, top, width, height) => {
      const [widthPx, heightPx] = [Math.min(width, 50 - left), Math.min(height, 40 - top)];
      const box = [left, top, width, height].join();
      const wanted = await cutOut(picture, { leftPx: left, topPx: top, widthPx, heightPx });
      expect(await applyChain(picture, crop({ mode: "box", box }))).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
});

test("boxes side by side have each pixel once, and a box within a pixel has that pixel", async () => {
  const picture = createPicture(37, 5, 3);
  const thirds = ["0", "33.33%", "66.66%"].map((left) => `${left},0,33.33%,100%`);
  const parts = await Promise.all(thirds.map((box) => applyChain(picture, crop({ mode: "box", box }))));
  expect(parts.reduce((sum, { widthPx }) => sum + widthPx, 0)).toBe(37);
  const one = await applyChain(picture, crop({ mode: "box", box: "99%,99%,1%,0.01%" }));
  expect(one).toEqual(await cutOut(picture, { leftPx: 36, topPx: 4, widthPx: 1, heightPx: 1 }));
});

test.each(["50,0,10,10", "0,40,1,1", "100%,0,10%,10%"])(
  "the box %s beside the picture is refused with the box and the size, before any work",
  (box) => {
    const effects = crop({ mode: "box", box });
    expect(() => chainNeed(effects, { widthPx: 50, heightPx: 40, channels: 3 })).toThrow(
      `Expected \`crop.box\` to be a box that has a part of the picture of 50x40 px, got \`${box}\``,
    );
  },
);

test("a box in a preview is the box of the picture, shrunk, and never empty through rounding", async () => {
  const preview = createPicture(400, 150, 3);
  const scaled = (box: string) => crop({ mode: "box", box }).map((effect) => effect.atScale(0.25));
  const area = { leftPx: 100, topPx: 50, widthPx: 200, heightPx: 25 };
  expect(await applyChain(preview, scaled("400,200,800,100"))).toEqual(await cutOut(preview, area));
  // A picture of 1600x602 px is 400x150.5 px, of which the preview has 150.
  const last = await applyChain(preview, scaled("0,601,1600,1"));
  expect(last).toEqual(await cutOut(preview, { leftPx: 0, topPx: 149, widthPx: 400, heightPx: 1 }));
  await expect(applyChain(preview, scaled("0,700,1600,1"))).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("an aspect is the largest part of it, at the place that sharp gives it", async () => {
  for (const [width, height, aspect, size] of [
    [60, 40, "1:1", [40, 40]],
    [40, 60, "1:1", [40, 40]],
    [60, 40, "3:2", [60, 40]],
    [60, 40, "16:9", [60, 34]],
    [60, 40, "1.5:3", [20, 40]],
    [60, 41, "99999:1", [60, 1]],
    [1, 1, "16:9", [1, 1]],
  ] as const) {
    const picture = createPicture(width, height, 3);
    for (const gravity of ["center", "top", "bottom", "left", "right"]) {
      const result = await applyChain(picture, crop({ aspect, gravity }));
      const options = { fit: "cover", position: gravity === "center" ? "centre" : gravity } as const;
      const wanted = await fromSharp(toSharp(picture).resize(size[0], size[1], options));
      expect([aspect, gravity, result]).toEqual([aspect, gravity, wanted]);
    }
  }
});

test("no larger part has the aspect: one side is the picture's, the other the nearest whole number", async () => {
  const side = fc.integer({ min: 1, max: 90 });
  await fc.assert(
    fc.asyncProperty(side, side, side, side, async (width, height, across, down) => {
      const result = await applyChain(createFlat(width, height, [9, 9, 9]), crop({ aspect: `${across}:${down}` }));
      const { widthPx, heightPx } = result;
      expect(widthPx === width || heightPx === height).toBe(true);
      const exact = heightPx === height ? (height * across) / down : (width * down) / across;
      const other = heightPx === height ? widthPx : heightPx;
      if (widthPx < width || heightPx < height) expect(Math.abs(other - Math.max(1, exact))).toBeLessThanOrEqual(0.5);
    }),
    { numRuns: 100 },
  );
});

test("the object is the area that libvips finds above the threshold, of bytes and of floats", async () => {
  const alpha = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 50, 51, 52, 128, 255);
  const pictures = fc
    .record({ widthPx: fc.integer({ min: 3, max: 40 }), heightPx: fc.integer({ min: 3, max: 30 }) })
    .chain(({ widthPx, heightPx }) => {
      const length = { minLength: widthPx * heightPx, maxLength: widthPx * heightPx };
      return fc.array(alpha, length).map((alphas) => {
        const frame = createPicture(widthPx, heightPx, 4);
        for (const [i, value] of alphas.entries()) frame.data[i * 4 + 3] = value;
        return frame;
      });
    });
  // 20 % are 51 of 255.
  const bounds = fc.constantFrom([0, 0], [1, 2], [20, 51], [99, 252]);
  await fc.assert(
    fc.asyncProperty(pictures, bounds, async (picture, [threshold, bound]) => {
      const wanted = await cutOut(picture, await trimmedArea(picture, bound as number));
      const settings = { mode: "object", threshold: threshold as number };
      expect(await applyChain(picture, crop(settings))).toEqual(wanted);
      expect(await applyChain(picture, parseEffects([whole, toEffect("crop", settings)]))).toEqual(wanted);
    }),
    { numRuns: 150 },
  );
});

test("rows wider than four pixels are searched to both ends", async () => {
  for (const x of [0, 1, 3, 4, 5, 18, 19, 20, 21, 22]) {
    const picture = createSpots(23, 3, [[x, 1, 13]]);
    const result = await applyChain(picture, crop({ mode: "object" }));
    expect([x, result]).toEqual([x, await cutOut(picture, { leftPx: x, topPx: 1, widthPx: 1, heightPx: 1 })]);
  }
});

test("a picture without alpha, or without a visible pixel, stays whole", async () => {
  const pictures = [createPicture(30, 20, 3), createPicture(30, 20, 1), createSpots(30, 20, [[4, 5, 12]])];
  for (const picture of pictures)
    expect(await applyChain(picture, crop({ mode: "object" }))).toEqual(toColors(picture));
});

test("a margin is kept around the object, transparent beyond the picture", async () => {
  const picture = createSpots(60, 40, [
    [10, 5, 200],
    [49, 24, 100],
  ]);
  const result = await applyChain(picture, crop({ mode: "object", margin: "10,5%,20,0" }));
  // The object is 40x20 at 10, 5: 5 % of its longer side are 2 px.
  const inside = await cutOut(picture, { leftPx: 10, topPx: 0, widthPx: 42, heightPx: 40 });
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  expect(result).toEqual(await fromSharp(toSharp(inside).extend({ top: 5, bottom: 5, background })));
});

test("a widened object has the aspect and lies where gravity says", async () => {
  const picture = createSpots(60, 40, [
    [20, 10, 255],
    [29, 29, 255],
  ]);
  for (const [gravity, leftPx] of [
    ["center", 15],
    ["left", 20],
    ["right", 10],
  ] as const) {
    const result = await applyChain(picture, crop({ mode: "object", widen: true, gravity }));
    expect(result).toEqual(await cutOut(picture, { leftPx, topPx: 10, widthPx: 20, heightPx: 20 }));
  }
  const wide = await applyChain(picture, crop({ mode: "object", widen: true, aspect: "4:1" }));
  const inside = await cutOut(picture, { leftPx: 0, topPx: 10, widthPx: 60, heightPx: 20 });
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  expect(wide).toEqual(await fromSharp(toSharp(inside).extend({ left: 15, right: 5, background })));
});

test("a margin and an aspect of a picture without alpha lie beyond it", async () => {
  const picture = createPicture(30, 20, 3);
  const result = await applyChain(picture, crop({ mode: "object", margin: "1", widen: true }));
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const wanted = await fromSharp(
    toSharp(picture).ensureAlpha().extend({ top: 6, bottom: 6, left: 1, right: 1, background }),
  );
  expect(result).toEqual(wanted);
});

test("the result is the same for any strips, with files, and after other effects", async () => {
  const dir = await mkdtemp(join(tmpdir(), "crop-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const frameStore = createFrameStore(async () => dir, 0);
  onTestFinished(frameStore.close);
  const picture = createSpots(70, 300, [
    [5, 70, 90],
    [60, 251, 255],
  ]);
  for (const settings of [
    { mode: "object", margin: "80 3%" },
    { mode: "box", box: "50,50%,30,30%" },
    { aspect: "4:5", gravity: "bottom" },
  ]) {
    const chain = crop(settings);
    const wanted = await applyChain(picture, chain);
    for (const stripRows of [1, 7, 300]) expect(await applyInStrips(picture, chain, stripRows)).toEqual(wanted);
    const after = parseEffects([whole, toEffect("crop", settings), whole]);
    expect(await applyChain(picture, after)).toEqual(wanted);
    expect(await toWholeFrame(await applyChainTo(picture, after, frameStore))).toEqual(wanted);
  }
});

test("no object gives a larger result than the chain reserves", async () => {
  const coordinate = fc.integer({ min: 0, max: 19 });
  const margin = fc.constantFrom("0", "3", "7%", "1,50% 2,12.5%");
  const aspect = fc.constantFrom("1:1", "5:3", "1:7");
  await fc.assert(
    fc.asyncProperty(coordinate, coordinate, coordinate, coordinate, margin, aspect, async (...drawn) => {
      const [x, y, right, bottom, marginText, aspectText] = drawn;
      const picture = createSpots(20, 20, [
        [x, y, 255],
        [right, bottom, 255],
      ]);
      for (const widen of [false, true]) {
        const chain = crop({ mode: "object", margin: marginText, widen, aspect: aspectText });
        const { result } = chainNeed(chain, picture);
        const { widthPx, heightPx, channels } = await applyChain(picture, chain);
        expect(widthPx).toBeLessThanOrEqual(result.widthPx);
        expect(heightPx).toBeLessThanOrEqual(result.heightPx);
        expect(channels).toBe(result.channels);
      }
    }),
    { numRuns: 100 },
  );
});

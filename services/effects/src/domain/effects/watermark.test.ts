import {
  type Channels,
  createFrameSource,
  defaultLimits,
  type Frame,
  type FrameStore,
  memoryFrameStore,
} from "@pixelmesh/imaging";
import { type Effect, Step } from "@pixelmesh/proto";
import type { StepContext } from "@pixelmesh/worker";
import { expect, onTestFinished, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { furthest, type Picture, toPicture } from "../../../test/reference/tone-pictures.ts";
import { type Laid, watermarkReference } from "../../../test/reference/watermark.ts";
import { createEffectsHandler } from "../../steps/effects-step.ts";
import { createChainThreads } from "../../threads/chain-threads.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { preparedSize } from "../mark/mark.ts";

type Settings = Record<string, number | string | boolean>;

/** The effect with the first further picture. */
function withPicture(settings: Settings, place = 1): Effect {
  const effect = toEffect("watermark", settings);
  return { ...effect, parameters: { ...effect.parameters, picture: { kind: { $case: "input", value: place } } } };
}

function toContext(): StepContext & { readonly frameStore: FrameStore } {
  return {
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    onProgress() {},
    retryAfterOutOfMemory: (error) => Promise.reject(error),
    nextSlot: () => Promise.reject(new Error("no other slot")),
    option: { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 },
    slotId: "s",
    deviceId: "d",
    onRenewed() {},
  };
}

async function lay(picture: Frame, mark: Frame, settings: Settings): Promise<Frame> {
  return applyChain(picture, parseEffects([withPicture(settings)]), { pictures: [mark] });
}

/** Compares colours where they can be seen, and alpha; in levels. */
function expectClose(frame: Frame, wanted: Picture, bound: number): void {
  const isFaint = (i: number) => (wanted.alphas[i] as number) < 0.02;
  expect(furthest(frame, wanted, isFaint)).toBeLessThan(bound);
  if (frame.channels === 4)
    toPixels(frame).forEach((pixel, i) => {
      expect(Math.abs(pixel[3]! - wanted.alphas[i]! * 255)).toBeLessThan(0.51);
    });
}

// A mark of 10 px on a picture of 40 px, which needs no resizing.
const width = 40;
const height = 30;
const marks = ([1, 2, 3, 4] as const).map((channels) => createPicture(10, 6, channels));
const own = { size: 25, margin: 0 };

test.each([1, 2, 3, 4] as const)("a picture of %i channels gets any mark as the reference says", async (channels) => {
  const picture = createPicture(width, height, channels);
  for (const mark of marks)
    for (const opacity of [100, 35]) {
      const laid: Laid = { centres: [[35, 27]], degrees: 0, opacity: opacity / 100 };
      const result = await lay(picture, mark, { ...own, opacity });
      expect(result.channels).toBe(channels % 2 === 0 ? 4 : 3);
      expectClose(result, watermarkReference(toPicture(picture), toPicture(mark), laid), 0.6);
    }
});

test.each([37, -120, 90, 180])("a mark turned by %i degrees is interpolated as the reference says", async (degrees) => {
  const picture = createPicture(width, height, 4);
  const mark = createPicture(10, 6, 4);
  const laid: Laid = { centres: [[20, 15]], degrees, opacity: 0.8 };
  const result = await lay(picture, mark, { ...own, angle: degrees, position: "center", opacity: 80 });
  expectClose(result, watermarkReference(toPicture(picture), toPicture(mark), laid), 0.6);
});

test("tiled marks cover the picture as the reference says, one over the next", async () => {
  const picture = createPicture(width, height, 3);
  const mark = createPicture(10, 6, 4);
  const [stepX, stepY] = [10 + 2.5, 6 + 2.5];
  for (const degrees of [0, 25]) {
    const angle = (degrees * Math.PI) / 180;
    const snap = (centre: number, side: number) => (degrees === 0 ? Math.round(centre - side / 2) + side / 2 : centre);
    const centres = [];
    for (let line = -9; line <= 9; line++)
      for (let at = -9; at <= 9; at++) {
        const [right, down] = [(at + (line % 2 === 0 ? 0 : 0.5)) * stepX, line * stepY];
        const x = 20 + right * Math.cos(angle) - down * Math.sin(angle);
        const y = 15 + right * Math.sin(angle) + down * Math.cos(angle);
        centres.push([snap(x, 10), snap(y, 6)] as const);
      }
    const settings = { ...own, tiled: true, spacing: 25, angle: degrees, position: "center", opacity: 50 };
    const wanted = watermarkReference(toPicture(picture), toPicture(mark), { centres, degrees, opacity: 0.5 });
    // Each of several marks over one pixel adds the rounding of floats only.
    expectClose(await lay(picture, mark, settings), wanted, 0.6);
  }
});

test("the smallest angle gives the mark as it is", async () => {
  const [picture, mark] = [createPicture(width, height, 4), createPicture(10, 6, 4)];
  const settings = { ...own, position: "center" };
  const upright = await lay(picture, mark, settings);
  for (const angle of [5e-324, -1e-12])
    expect(Buffer.compare((await lay(picture, mark, { ...settings, angle })).data, upright.data)).toBe(0);
});

test("half of white over black is half of its light, not half of its value", async () => {
  const picture = createFlat(40, 30, [0, 0, 0]);
  const mark = createFlat(10, 6, [255, 255, 255]);
  const pixels = toPixels(await lay(picture, mark, { ...own, opacity: 50, position: "center" }));
  expect(pixels[15 * 40 + 20]).toEqual([188, 188, 188]);
  expect(pixels[0]).toEqual([0, 0, 0]);
});

test("a transparent picture shows the mark with its own alpha and colours", async () => {
  const clear = createFlat(40, 30, [90, 10, 200, 0]);
  const pixels = toPixels(await lay(clear, createFlat(10, 6, [200, 100, 50, 128]), { ...own, position: "center" }));
  expect(pixels[15 * 40 + 20]).toEqual([200, 100, 50, Math.round(128 * 0.6)]);
  expect(pixels[0]![3]).toBe(0);
});

test("a larger mark is resized to its share of the width, and less where it is too high", async () => {
  const picture = createFlat(40, 30, [0, 0, 0]);
  const boxOf = async (mark: Frame, settings: Settings) => {
    const pixels = toPixels(await lay(picture, mark, { opacity: 100, position: "center", ...settings }));
    const lit = pixels.flatMap(([red = 0], i) => (red > 127 ? [[i % 40, Math.floor(i / 40)] as const] : []));
    const [xs, ys] = [lit.map(([x]) => x), lit.map(([, y]) => y)];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
  };
  const wide = createFlat(400, 200, [255, 255, 255]);
  expect(await boxOf(wide, { size: 50 })).toEqual([10, 10, 30, 20]);
  expect(await boxOf(createFlat(200, 400, [255, 255, 255]), { size: 100, margin: 10 })).toEqual([14, 3, 26, 27]);
  expect(await boxOf(wide, { size: 100, angle: 90, margin: 0 })).toEqual(
    [12, 0, 28, 30].map((at, i) => [13, 0, 28, 30][i] ?? at),
  );
});

test("marks above the largest number of pixels are prepared smaller and cover the same area", async () => {
  expect(preparedSize({ widthPx: 300, heightPx: 200 })).toEqual({ widthPx: 300, heightPx: 200 });
  expect(preparedSize({ widthPx: 300, heightPx: 200 }, 15_000)).toEqual({ widthPx: 150, heightPx: 100 });
  expect(preparedSize({ widthPx: 100_000, heightPx: 1 }, 100)).toEqual({ widthPx: 3_162, heightPx: 1 });
  const picture = createFlat(4_400, 4_000, [0, 0, 0]);
  const settings = { size: 100, margin: 0, opacity: 100, position: "center" };
  const { data } = await lay(picture, createFlat(11, 10, [10, 200, 90]), settings);
  const at = (x: number, y: number) => [...data.subarray((y * 4_400 + x) * 3, (y * 4_400 + x) * 3 + 3)];
  for (const [x, y] of [
    [5, 5],
    [2_200, 2_000],
    [4_394, 3_994],
  ] as const)
    expect(at(x, y)).toEqual([10, 200, 90]);
});

test("a text is drawn at its place, and the rest of the picture stays as it is", async () => {
  const picture = createPicture(200, 120, 3);
  const result = await applyChain(picture, parseEffects([toEffect("watermark", { text: "H", size: 20, margin: 5 })]));
  const before = toPixels(picture);
  const changed = toPixels(result).flatMap((pixel, i) =>
    pixel.join() === before[i]!.join() ? [] : [[i % 200, Math.floor(i / 200)] as const],
  );
  const xs = changed.map(([x]) => x);
  const ys = changed.map(([, y]) => y);
  // 40 px wide, 6 px from the right and the lower edge.
  expect([Math.min(...xs), Math.max(...xs)]).toEqual([154, 193]);
  expect(Math.max(...ys)).toBe(113);
  expect(Math.min(...ys)).toBeGreaterThan(60);
});

test("a further picture that a call does not give is refused by its place", async () => {
  const picture = createPicture(8, 8, 3);
  await expect(applyChain(picture, parseEffects([withPicture({})]))).rejects.toThrow(
    "Expected `watermark.picture` to be a further picture of the step, which a job gives as its input 2, got `a call without further pictures`",
  );
  const chain = parseEffects([withPicture({}, 3)]);
  await expect(applyChain(picture, chain, { pictures: [picture] })).rejects.toThrow(
    "input 4, got `one with 1 of them`",
  );
});

test("neither or both of picture and text are refused, and the default text beside a picture is none", () => {
  const parse = (effect: Effect) => () => parseEffect(effect, "effects[0]");
  const names = "`effects[0].parameters.picture` and `effects[0].parameters.text`";
  expect(parse(toEffect("watermark", { text: "" }))).toThrow(`Expected one of ${names}, got neither`);
  expect(parse(toEffect("watermark", { text: "  " }))).toThrow(`Expected one of ${names}, got neither`);
  expect(parse(withPicture({ text: "mine" }))).toThrow(`Expected one of ${names}, got both`);
  for (const text of ["", "Sample"]) expect(parse(withPicture({ text }))()).toBeDefined();
});

test("a character that the font lacks is named", () => {
  expect(() => parseEffect(toEffect("watermark", { text: "ok 漢字" }))).toThrow(
    "Expected `effect.parameters.text` to be of characters that the font Inter has (Latin, Greek, Cyrillic and common signs), got `漢 (U+6F22)`",
  );
  // Composed: e and an acute accent are one character.
  expect(parseEffect(toEffect("watermark", { text: "cafe\u0301" }))).toBeDefined();
});

test("the step reserves memory for the mark, and runs it in a thread as without one", async () => {
  const threads = createChainThreads(1);
  onTestFinished(threads.close);
  const handler = createEffectsHandler(threads, { threadPixels: 0 });
  const toStep = (effects: Effect[]) =>
    Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects } } });
  const size = { widthPx: 3_000, heightPx: 2_000, channels: 4 as Channels };
  const peak = async (effect: Effect) =>
    (await handler.need(toStep([effect]), [size, size], defaultLimits)).options[0]!.peakBytes;
  const markBytes = 4 * size.widthPx * size.heightPx;
  expect((await peak(withPicture({}))) - (await peak(toEffect("invert")))).toBe(2 * markBytes);
  expect((await peak(toEffect("watermark"))) - (await peak(toEffect("invert")))).toBeLessThan(
    markBytes + 4 * 1024 ** 2,
  );

  const picture = createPicture(width, height, 4);
  const mark = createPicture(31, 20, 4);
  const effect = withPicture({ angle: 10, tiled: true });
  // A thread takes the memory of its pictures.
  const copyOf = (frame: Frame): Frame => ({ ...frame, data: frame.data.slice() });
  const { frame } = await handler.runRasters(toStep([effect]), [copyOf(picture), copyOf(mark)], toContext());
  const alone = await applyChain(picture, parseEffects([effect]), { pictures: [mark] });
  const rows = await createFrameSource(frame as Frame).readRows(0, height);
  expect(Buffer.compare(rows, alone.data)).toBe(0);
});

import { bundledModelsDir, loadRegistry } from "@pixelmesh/inference";
import { Step } from "@pixelmesh/proto";
import { beforeAll, describe, expect, test } from "vitest";
import { chooseUpscale, type UpscaleChoice } from "./choose.ts";
import { upscaleOptions } from "./options.ts";

let choose: (scale: number, picture: { widthPx: number; heightPx: number }) => UpscaleChoice;
beforeAll(async () => {
  const registry = await loadRegistry({ dirs: [bundledModelsDir] });
  choose = (scale, picture) =>
    chooseUpscale(registry, Step.fromPartial({ operation: { $case: "upscale", value: { scale } } }), picture);
});

const on = { computeTokens: 2, holdsFrames: true, maxFrameBytes: 64 * 2 ** 20 };
const optionsOf = (scale: number, widthPx: number, heightPx: number, more: Partial<typeof on> = {}) => {
  const picture = { widthPx, heightPx, channels: 3 };
  return upscaleOptions(choose(scale, picture), picture, { ...on, ...more });
};
const tilesOf = (...size: Parameters<typeof optionsOf>) => optionsOf(...size).map(({ tilePx }) => tilePx);

describe("the ways to do an upscale", () => {
  test("begin with one tile where the picture fits one, and list nothing twice", () => {
    expect(tilesOf(4, 640, 480)).toEqual([768, 512, 256]);
    expect(tilesOf(4, 1000, 1024)).toEqual([1024, 768, 512, 256]);
    expect(tilesOf(4, 200, 10)).toEqual([256]);
  });

  test("take the largest tiles for what is soon done, and little memory for a large result", () => {
    expect(tilesOf(4, 1920, 1080)[0]).toBe(1024);
    for (const [scale, side, tilePx] of [[4, 2500, 512] as const, [2, 5000, 768] as const]) {
      const options = optionsOf(scale, side, side);
      expect(options[0]?.tilePx).toBe(tilePx);
      for (const { peakBytes } of options) expect(peakBytes).toBeLessThanOrEqual(512 * 2 ** 20);
    }
    // Where even the smallest takes more, that one is all there is.
    expect(tilesOf(4, 16_000, 390, { maxFrameBytes: Number.POSITIVE_INFINITY })).toEqual([256]);
  });

  test("count what the service holds only where that is the device's memory", () => {
    const [own] = optionsOf(4, 640, 480);
    const [gpu] = optionsOf(4, 640, 480, { holdsFrames: false });
    const frames = 640 * 480 * 3 * 17;
    expect((own?.peakBytes ?? 0) - (gpu?.peakBytes ?? 0)).toBeGreaterThan(frames);
  });

  test("do not grow with the picture where it is kept in a file", () => {
    const [low] = optionsOf(4, 2500, 25_000);
    const [tall] = optionsOf(4, 2500, 250_000);
    // Tiles are a few pixels more or less, to be even.
    expect((tall?.peakBytes ?? 0) / (low?.peakBytes ?? 1)).toBeCloseTo(1, 1);
  });
});

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

describe("the slot options of an upscale", () => {
  test("begin with one tile if the picture fits one, and list no size twice", () => {
    expect(tilesOf(4, 640, 480)).toEqual([768, 512, 256]);
    expect(tilesOf(4, 1000, 1024)).toEqual([1024, 768, 512, 256]);
    expect(tilesOf(4, 200, 10)).toEqual([256]);
  });

  test("use the largest tiles for small results, and little memory for large ones", () => {
    expect(tilesOf(4, 1920, 1080)[0]).toBe(1024);
    for (const [scale, side, tilePx] of [[4, 2500, 512] as const, [2, 5000, 768] as const]) {
      const options = optionsOf(scale, side, side);
      expect(options[0]?.tilePx).toBe(tilePx);
      for (const { peakBytes } of options) expect(peakBytes).toBeLessThanOrEqual(512 * 2 ** 20);
    }
    // If even the smallest tile needs more, it is the only option.
    expect(tilesOf(4, 16_000, 390, { maxFrameBytes: Number.POSITIVE_INFINITY })).toEqual([256]);
  });

  test("count the service's own memory only if it is the device's memory", () => {
    const [own] = optionsOf(4, 640, 480);
    const [gpu] = optionsOf(4, 640, 480, { holdsFrames: false });
    const frames = 640 * 480 * 3 * 17;
    expect((own?.peakBytes ?? 0) - (gpu?.peakBytes ?? 0)).toBeGreaterThan(frames);
  });

  test("do not grow with a picture in a file", () => {
    const [low] = optionsOf(4, 2500, 25_000);
    const [tall] = optionsOf(4, 2500, 250_000);
    // Tile sizes differ by a few pixels, because they are evened out.
    expect((tall?.peakBytes ?? 0) / (low?.peakBytes ?? 1)).toBeCloseTo(1, 1);
  });
});

import type { Frame } from "@pixelmesh/imaging";
import { describe, expect, test } from "vitest";
import { differentValues, isTried, settingsToTry, type Values } from "../../../test/effect-settings.ts";
import { createPicture, toPixels } from "../../../test/pictures.ts";
import { composition, wantedShape } from "../../../test/result-shape.ts";
import { applyInStrips } from "../../../test/strips.ts";
import { effectDescriptions, parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

async function apply(name: string, parameters: Values, frame: Frame): Promise<Frame> {
  return applyChain(frame, [parseEffect({ name, parameters })]);
}

describe.each(effectDescriptions())("$name", (effect) => {
  const { name, parameters } = effect;

  test.each(parameters.filter(isTried))("$name changes the picture, also at its extremes", async (parameter) => {
    // Effects of composition look at alpha.
    const picture = createPicture(48, 40, effect.group === composition ? 4 : 3);
    const { values, others } = differentValues(name, parameter);
    const results: string[] = [];
    for (const value of values) {
      const frame = await apply(name, { ...others, [parameter.name]: value }, picture);
      const { widthPx, heightPx } = frame;
      results.push(`${widthPx}x${heightPx} ${Buffer.from(frame.data).toString("base64")}`);
    }
    // Every value of a choice differs from every other; so do both ends of a range.
    expect(new Set(results).size).toBe(results.length);
  });

  // Effects of composition have tests of their own for alpha.
  if (effect.group !== composition) {
    test("alpha is unchanged at every setting", async () => {
      const picture = createPicture(23, 17, 4);
      const alpha = toPixels(picture).map((pixel) => pixel[3]);
      for (const settings of settingsToTry(effect)) {
        const frame = await apply(name, settings, picture);
        expect(frame.channels).toBe(4);
        expect(toPixels(frame).map((pixel) => pixel[3])).toEqual(alpha);
      }
    });
  }

  test("an opaque alpha changes no colour", async () => {
    const opaque = createPicture(31, 22, 3);
    const withAlpha = new Uint8Array(31 * 22 * 4).fill(255);
    toPixels(opaque).forEach((pixel, i) => {
      withAlpha.set(pixel, i * 4);
    });
    const plain = await apply(name, {}, opaque);
    const covered = await apply(name, {}, { ...opaque, channels: 4, data: withAlpha });
    // An effect of composition may give both alpha.
    expect(toPixels(covered).map((pixel) => pixel.slice(0, 3))).toEqual(
      toPixels(plain).map((pixel) => pixel.slice(0, 3)),
    );
  });

  test.each([
    [1, 1],
    [1, 37],
    [37, 1],
    [2, 3],
  ])("a picture of %i×%i works", async (width, height) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const frame = await apply(name, {}, createPicture(width, height, channels));
      const { shape } = wantedShape([parseEffect({ name, parameters: {} })], {
        widthPx: width,
        heightPx: height,
        channels,
      });
      expect([frame.widthPx, frame.heightPx, frame.channels]).toEqual([shape.widthPx, shape.heightPx, shape.channels]);
    }
  });

  test("the result does not depend on the height of strips", async () => {
    // Strips of 15 rows, or 11 with alpha, which no window or cell divides.
    for (const channels of [3, 4] as const) {
      const picture = createPicture(2_900, 64, channels);
      const chain = [parseEffect({ name, parameters: {} })];
      const { data } = await applyChain(picture, chain);
      for (const stripRows of [1, 64])
        expect(Buffer.compare((await applyInStrips(picture, chain, stripRows)).data, data)).toBe(0);
    }
    // Windows above the height of a strip, and of the picture.
    const picture = createPicture(61, 47, 4);
    for (const parameters of settingsToTry(effect)) {
      const chain = [parseEffect({ name, parameters })];
      const { data } = await applyChain(picture, chain);
      expect(Buffer.compare((await applyInStrips(picture, chain, 5)).data, data)).toBe(0);
    }
  });
});

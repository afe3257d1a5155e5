import { readFileSync } from "node:fs";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import type { Effect } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { parseEffects } from "../src/domain/catalogue/catalogue.ts";
import { applyChain } from "../src/domain/chain.ts";
import { toPaletteEffect } from "./palette-effects.ts";
import { createPicture, toEffect } from "./pictures.ts";
import { applyReference } from "./reference/reference.ts";

/** Settings of an effect. */
export type Settings = Record<string, number | string | boolean>;

/** Fails unless a chain has the bytes of its reference. */
export async function expectEqual(frame: Frame, effects: readonly Effect[]): Promise<void> {
  const chain = parseEffects(effects);
  const [result, wanted] = [await applyChain(frame, chain), await applyReference(frame, chain)];
  expect([result.widthPx, result.heightPx, result.channels]).toEqual([
    wanted.widthPx,
    wanted.heightPx,
    wanted.channels,
  ]);
  // Not toEqual, which takes seconds for a megabyte.
  if (Buffer.compare(result.data, wanted.data) === 0) return;
  const at = result.data.findIndex((value, i) => value !== wanted.data[i]);
  const place = `sample ${at} of ${frame.widthPx}x${frame.heightPx}x${result.channels}`;
  throw new Error(`Expected ${wanted.data[at]} at ${place}, got ${result.data[at]}: ${JSON.stringify(effects)}`);
}

async function readPhotograph(): Promise<Frame> {
  const file = new URL("../../../examples/still-life.jpg", import.meta.url);
  const { frame } = await decodePicture(readFileSync(file), defaultLimits);
  return resizeFrame(frame, 131, 87);
}

/** Compares the kernels of an effect with its reference, for each of its settings: on pictures of many shapes, and in chains. */
export function describeKernels(name: string, all: readonly Settings[]): void {
  describe(`the kernels of ${name} are bit-identical to the reference`, () => {
    test.each([1, 2, 3, 4] as const)("on a drawn picture of %i channels, at many settings", async (channels) => {
      const picture = createPicture(83, 41, channels);
      for (const one of all) await expectEqual(picture, [toPaletteEffect(name, one)]);
    });

    test("on a photograph", async () => {
      const photograph = await readPhotograph();
      for (const one of all) await expectEqual(photograph, [toPaletteEffect(name, one)]);
    });

    test.each([
      [1, 1],
      [1, 19],
      [19, 1],
      [2, 3],
      [16, 2],
      [17, 33],
    ])("on a picture of %i×%i", async (width, height) => {
      for (const channels of [3, 4] as const) {
        const picture = createPicture(width, height, channels);
        for (const one of all) await expectEqual(picture, [toPaletteEffect(name, one)]);
      }
    });

    test.each([3, 4] as const)("before and after other effects, with %i channels", async (channels) => {
      const picture = createPicture(37, 23, channels);
      const faint = toEffect("black_and_white", { contrast: 0.9, tint: "#3060c0" });
      const printed = toEffect("pop_art", { palette: "original", outline: 20, saturation: 140 });
      for (const one of all) {
        const effect = toPaletteEffect(name, one);
        await expectEqual(picture, [effect, printed]);
        await expectEqual(picture, [printed, effect]);
        await expectEqual(picture, [faint, effect, faint]);
      }
    });

    test("in strips", async () => {
      // Wide enough for strips of 11 rows, which no effect's rows divide.
      await expectEqual(createPicture(3_900, 64, 3), [toEffect(name, all[0])]);
    });
  });
}

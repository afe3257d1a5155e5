import type { Frame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = Readonly<Record<string, number | string | boolean>>;

// Effects that have a quicker way for bytes. Weights and bounds that are short fractions have exact ties between two bytes.
const all: readonly (readonly [name: string, settings: Settings])[] = [
  ["sepia", {}],
  ["sepia", { amount: 37 }],
  ["color", { hue: 40 }],
  ["color", { hue: -180 }],
  ["color", { saturation: 0 }],
  ["color", { saturation: 50 }],
  ["color", { saturation: 400 }],
  ["black_and_white", { mode: "luma" }],
  ["black_and_white", { mode: "average" }],
  ["black_and_white", { mode: "average", contrast: 1.5, brightness: 7 }],
  ["black_and_white", { mode: "luma", contrast: 0 }],
  ["black_and_white", { mode: "luma", contrast: 0.5, brightness: -100 }],
  ["black_and_white", { mode: "luma", contrast: 60, brightness: 3 }],
  ["threshold", {}],
  ["threshold", { level: 0 }],
  ["threshold", { level: 100 }],
  ["threshold", { level: 0.01, mix: "luminance" }],
  ["threshold", { level: 3, dark: "#102030", light: "#e0d0c0" }],
  ["threshold", { level: 20, mix: "luma" }],
  ["threshold", { level: 60, mix: "average", dark: "#ff0000" }],
  ["threshold", { adaptive: true }],
  ["threshold", { adaptive: true, level: 42.5, radius: 3, mix: "luma", light: "#e0d0c0" }],
  ["threshold", { adaptive: true, level: 100, radius: 40, mix: "average", dark: "#0000ff" }],
];

/** Returns a chain with the effect alone, and one where floats come before and after it. */
function chainsOf(name: string, settings: Settings) {
  // Without settings the effect color changes nothing.
  const [effect, pass] = [toEffect(name, settings), toEffect("color")];
  return { alone: parseEffects([effect]), between: parseEffects([pass, effect, pass]) };
}

/** Fails unless the effect alone has the bytes that it has with floats on both sides. */
async function expectSame(name: string, settings: Settings, picture: Frame): Promise<void> {
  const { alone, between } = chainsOf(name, settings);
  const [result, wanted] = [await applyChain(picture, alone), await applyChain(picture, between)];
  if (Buffer.compare(result.data, wanted.data) === 0) return;
  const at = result.data.findIndex((value, i) => value !== wanted.data[i]);
  const { widthPx, heightPx, channels } = picture;
  expect.fail(
    `sample ${at} of ${widthPx}x${heightPx}x${channels}: expected ${wanted.data[at]}, got ${result.data[at]}`,
  );
}

test.each(all)("%s %o has for many colours the bytes that it has with floats on both sides", async (name, settings) => {
  // Every 61st of all colours, which steps through all bytes of each channel, and all greys.
  const count = 275_000;
  const data = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) data.set([(i * 61) >> 16, (i * 61) >> 8, i * 61], i * 3);
  for (let grey = 0; grey < 256; grey++) data.fill(grey, grey * 3, grey * 3 + 3);
  await expectSame(name, settings, { widthPx: 1_000, heightPx: count / 1_000, channels: 3, data });
});

test.each(all)("%s %o has them for rows of any width and channels", async (name, settings) => {
  for (const channels of [1, 2, 3, 4] as const)
    for (const [width, height] of [
      [1, 1],
      [3, 1],
      [4, 2],
      [5, 3],
      [1, 7],
      [83, 41],
    ] as const)
      await expectSame(name, settings, createPicture(width, height, channels));
});

test("a picture whose sums are all near a tie has the bytes of the floats", async () => {
  // The mean of these is 1, and the brightness adds half a byte.
  const settings = { mode: "average", brightness: (0.5 / 255) * 100 };
  for (const [width, height] of [
    [64, 9],
    [3, 2],
  ] as const)
    for (const samples of [[3, 0, 0], [3, 0, 0, 77] as const])
      await expectSame("black_and_white", settings, createFlat(width, height, samples));
});

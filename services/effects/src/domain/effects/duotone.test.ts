import { expect, test } from "vitest";
import { createFlat, toEffect, toPixels } from "../../../test/pictures.ts";
import { expectReference, mapColors } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { clampUnit, toRgb } from "../color/color.ts";
import { fromOklab, toOklab } from "../color/oklab.ts";

function inked(colors: readonly string[], contrast: number) {
  const labs = colors.map((hex) => toOklab(toRgb(hex)!));
  return (lightness: number) => {
    const place = clampUnit((lightness - 0.5) * contrast + 0.5) * (labs.length - 1);
    const k = place >= labs.length - 1 ? labs.length - 2 : Math.floor(place);
    const at = (i: 0 | 1 | 2) => labs[k]![i] * (1 - (place - k)) + labs[k + 1]![i] * (place - k);
    return fromOklab([at(0), at(1), at(2)]);
  };
}

test.each([
  { dark: "#000000", light: "#ffffff", contrast: 100 },
  { dark: "#1b1464", light: "#ffd9a0", contrast: 100 },
  { dark: "#ff0000", light: "#00ff80", contrast: 250 },
  { dark: "#ffffff", light: "#204060", contrast: 0 },
  { dark: "#102030", light: "#f0f0a0", contrast: 120, mid: "#d02060", use_mid: true },
])("equals the reference with %j", async (settings) => {
  const colors = settings.mid ? [settings.dark, settings.mid, settings.light] : [settings.dark, settings.light];
  const ink = inked(colors, settings.contrast / 100);
  await expectReference("duotone", settings, (picture) => mapColors(picture, (color) => ink(toOklab(color)[0])));
});

test("black and white become the dark and the light colour, and greys stay between black and white", async () => {
  const duotone = async (grey: number, settings: Record<string, string>) => {
    const frame = await applyChain(createFlat(1, 1, [grey, grey, grey]), parseEffects([toEffect("duotone", settings)]));
    return toPixels(frame)[0]!;
  };
  const inks = { dark: "#123456", light: "#fedcba" };
  expect(await duotone(0, inks)).toEqual([0x12, 0x34, 0x56]);
  expect(await duotone(255, inks)).toEqual([0xfe, 0xdc, 0xba]);
  for (const grey of [0, 1, 40, 119, 200, 255])
    expect(await duotone(grey, { dark: "#000000", light: "#ffffff" })).toEqual([grey, grey, grey]);
});

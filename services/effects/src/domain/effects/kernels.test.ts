import type { Frame } from "@pixelmesh/imaging";
import { test } from "vitest";
import { describeKernels, expectEqual, type Settings } from "../../../test/kernel-equality.ts";
import { toEffect } from "../../../test/pictures.ts";

// Settings that take different ways through the kernels.
const settings: Readonly<Record<string, readonly Settings[]>> = {
  black_and_white: [
    {},
    ...["luma", "average", "red_filter", "orange_filter", "yellow_filter", "green_filter", "blue_filter"].map(
      (mode): Settings => ({ mode }),
    ),
    { contrast: 1.4, brightness: -7 },
    { contrast: 100 },
    { contrast: 0 },
    { brightness: 100 },
    { grain: 35, contrast: 0.9 },
    { grain: 100, grain_size: 3, seed: 2_147_483_647, mode: "luma" },
    { tint: "#a08060", brightness: 10 },
  ],
  pop_art: [
    {},
    { outline: 0 },
    { outline: 100, outline_width: 8 },
    { dot_size: 0, outline_width: 3 },
    { dot_size: 2.5, dot_angle: 0, levels: 12 },
    { dot_size: 64, dot_angle: 77, levels: 2, palette: "mono" },
    { palette: "original" },
    { palette: "original", saturation: 300, levels: 3, dot_size: 0, outline: 0 },
    { palette: "neon", saturation: 0, levels: 7 },
  ],
  retro_8bit: [
    {},
    ...["gameboy", "c64", "cga", "zx_spectrum", "pico8"].map((palette): Settings => ({ palette, pixel_size: 2 })),
    { palette: "ega", pixel_size: 1, dither: 75 },
    { palette: "custom", colors: "#102030, #ffe0c0 #C02040 #102030", pixel_size: 3 },
    { pixel_size: 1, dither: 100 },
    { pixel_size: 1, dither: 0 },
    { pixel_size: 64, dither: 0 },
    { scanlines: 45 },
    { scanlines: 100, pixel_size: 1 },
  ],
};

for (const [name, all] of Object.entries(settings)) describeKernels(name, all);

test("black and white of every thirteenth colour is bit-identical to the reference", async () => {
  const count = 1_290_000;
  const data = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) data.set([(i * 13) >> 16, (i * 13) >> 8, i * 13], i * 3);
  const picture: Frame = { widthPx: 1_290, heightPx: count / 1_290, channels: 3, data };
  await expectEqual(picture, [toEffect("black_and_white")]);
});

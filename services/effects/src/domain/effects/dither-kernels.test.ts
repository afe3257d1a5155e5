import { describeKernels, type Settings } from "../../../test/kernel-equality.ts";

// Settings that take different ways through the kernels.
describeKernels("dither", [
  ...["floyd_steinberg", "atkinson", "jarvis", "bayer2", "bayer4", "bayer8", "blue_noise", "threshold"].flatMap(
    (method): Settings[] => [
      { method },
      { method, mode: "color", dark: "#102030", light: "#fff0e0" },
      { method, levels: 3, serpentine: false },
      { method, levels: 16, mode: "color", linear_light: false, strength: 63 },
    ],
  ),
  ...["stucki", "burkes", "sierra", "sierra_two_row", "sierra_lite"].flatMap((method): Settings[] => [
    { method },
    { method, palette: "cga", linear_light: false },
  ]),
  ...["floyd_steinberg", "jarvis", "bayer4", "blue_noise", "threshold"].flatMap((method): Settings[] => [
    { method, palette: "nes" },
    { method, palette: "pico8", linear_light: false, strength: 63, serpentine: false },
  ]),
  { palette: "gameboy" },
  { palette: "gameboy", linear_light: false, method: "bayer4" },
  { palette: "custom", colors: "#000000 #00ff80 #ff0080 #ffffff #808080", scale: 2 },
  { palette: "custom", method: "jarvis" },
  { scale: 5 },
  { scale: 32, mode: "color", method: "jarvis" },
]);

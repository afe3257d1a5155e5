import { type Rgb, toRgb } from "../../../services/effects/src/domain/color/color.ts";
import * as print from "../loops/print.ts";
import { type Comparison, noOperation, stepped } from "./comparison.ts";

/** Comparisons of print and retro. */
export const prints: readonly Comparison[] = [
  {
    ...{ effect: "pop_art", mode: "", settings: {}, tolerance: { levels: 2, share: 0.005 }, loop: print.popArtLoop },
    note: noOperation,
  },
  {
    ...{ effect: "retro_8bit", mode: "", settings: {}, tolerance: stepped, loop: print.retroLoop() },
    note: noOperation,
  },
  {
    ...{ effect: "dither", mode: "Floyd-Steinberg", settings: {}, tolerance: stepped, loop: print.diffusionLoop(1) },
    note: "Neither libvips nor OpenCV diffuses errors.",
  },
  {
    ...{ effect: "dither", mode: "Floyd-Steinberg, color", settings: { mode: "color" }, tolerance: stepped },
    loop: print.diffusionLoop(3),
    note: "Neither libvips nor OpenCV diffuses errors.",
  },
  {
    ...{ effect: "dither", mode: "bayer8", settings: { method: "bayer8" }, tolerance: stepped, loop: print.bayerLoop },
    note: noOperation,
  },
  {
    ...{ effect: "halftone", mode: "mono", settings: {}, tolerance: { levels: 2, share: 0.001 } },
    loop: print.halftoneLoop(toRgb("#14141c") as Rgb, 8, 45),
    note: noOperation,
  },
  {
    ...{ effect: "halftone", mode: "cmyk", settings: { mode: "cmyk" }, tolerance: { levels: 2, share: 0.001 } },
    loop: print.processLoop(8, 0.7),
    note: noOperation,
  },
];

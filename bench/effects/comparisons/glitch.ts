import { lineTaps, wayOf } from "../../../services/effects/src/domain/glitch/line.ts";
import * as glitch from "../loops/glitch.ts";
import { type Comparison, noOperation, openCvOf, rounded, stepped } from "./comparison.ts";

function kernelOf(taps: readonly { right: number; down: number; weight: number }[]): number[][] {
  const reach = (pick: (tap: { right: number; down: number }) => number) =>
    Math.max(...taps.map((tap) => Math.abs(pick(tap))));
  const [across, along] = [reach(({ right }) => right), reach(({ down }) => down)];
  const kernel = Array.from({ length: 2 * along + 1 }, () => new Array<number>(2 * across + 1).fill(0));
  for (const { right, down, weight } of taps) (kernel[along + down] as number[])[across + right] = weight;
  return kernel;
}

const ownRandom = "Peers draw other random numbers.";

/** Comparisons of glitches. */
export const glitches: readonly Comparison[] = [
  {
    ...{ effect: "noise", mode: "gaussian", settings: {}, tolerance: rounded, note: ownRandom },
    loop: glitch.normalNoiseLoop(0.2, false),
  },
  {
    ...{ effect: "noise", mode: "film grain", settings: { kind: "film_grain" }, tolerance: rounded, note: ownRandom },
    loop: glitch.normalNoiseLoop(0.2, true),
  },
  {
    ...{ effect: "noise", mode: "salt and pepper", settings: { kind: "salt_and_pepper" }, tolerance: rounded },
    loop: glitch.speckLoop(0.2),
    note: ownRandom,
  },
  {
    ...{ effect: "noise", mode: "scan lines", settings: { kind: "scan_lines" }, tolerance: rounded, note: ownRandom },
    loop: glitch.scanLineLoop(0.2),
  },
  {
    ...{ effect: "rgb_split", mode: "whole pixels", settings: {}, tolerance: rounded, loop: glitch.splitLoop(6) },
    openCv: openCvOf("split", { shift: 6 }),
  },
  {
    ...{ effect: "rgb_split", mode: "30 degrees", settings: { angle: 30 }, tolerance: { levels: 1, share: 0.01 } },
    loop: glitch.turnedSplitLoop(6, 30),
    openCv: openCvOf("turned_split", { ...wayOf(6, 30) }),
  },
  {
    ...{ effect: "shake", mode: "", settings: {}, tolerance: rounded, loop: glitch.shakeLoop, note: ownRandom },
  },
  {
    ...{ effect: "motion", mode: "level", settings: {}, tolerance: rounded, loop: glitch.motionLoop(20, 0) },
    openCv: openCvOf("filtered", { kernel: kernelOf(lineTaps(20, 0)) }),
  },
  {
    ...{
      effect: "motion",
      mode: "30 degrees",
      settings: { angle: 30 },
      tolerance: rounded,
      loop: glitch.motionLoop(20, 30),
    },
    openCv: openCvOf("filtered", { kernel: kernelOf(lineTaps(20, 30)) }),
  },
  {
    ...{
      effect: "pixel_sort",
      mode: "",
      settings: {},
      tolerance: stepped,
      loop: glitch.pixelSortLoop,
      note: noOperation,
    },
  },
];

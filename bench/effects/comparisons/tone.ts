import { type Rgb, toRgb } from "../../../services/effects/src/domain/color/color.ts";
import { fromOklab, toOklab } from "../../../services/effects/src/domain/color/oklab.ts";
import { hueMatrix, saturateMatrix, sepiaMatrix } from "../../../services/effects/src/domain/tone/color-matrix.ts";
import { monotoneCubic } from "../../../services/effects/src/domain/tone/monotone-cubic.ts";
import { adaptiveThresholdLoop } from "../loops/blur.ts";
import { duotoneLoop, invertLightnessLoop } from "../loops/lab.ts";
import * as tone from "../loops/tone.ts";
import { type Comparison, copiesNote, openCvOf, rounded, stepped, sumsNote, vipsOf } from "./comparison.ts";

const sCurve = monotoneCubic([
  [0, 0],
  [0.25, 0.19],
  [0.75, 0.81],
  [1, 1],
]);
const curveTable = tone.toTable(sCurve);
const toneTable = tone.toTable((value) => (Math.min(1, value ** (1 / 1.2) * 1.1) - 0.5) * 1.3 + 0.5);
const posterTable = tone.toTable((value) => Math.min(3, Math.floor(value * 4)) / 3);

function matrixPeers(lines: readonly (readonly number[])[]) {
  const recombined = lines.map((line) => line.slice(0, 3)) as [number[], number[], number[]];
  return {
    loop: tone.matrixLoop(lines),
    openCv: openCvOf("matrix", { lines }),
    vips: vipsOf((picture) => picture.recomb(recombined as never)),
    note: sumsNote,
  };
}

function tablePeers(table: Uint8Array) {
  return { loop: tone.tableLoop(table), openCv: openCvOf("table", { entries: [...table] }) };
}

/** Comparisons of tone and colour. */
export const tones: readonly Comparison[] = [
  {
    ...{ effect: "black_and_white", mode: "luminance", settings: {}, tolerance: rounded, loop: tone.luminanceLoop },
    openCv: openCvOf("luminance"),
    vips: vipsOf((picture) => picture.greyscale()),
  },
  {
    ...{ effect: "black_and_white", mode: "luma", settings: { mode: "luma" }, tolerance: rounded },
    loop: tone.lumaLoop,
    openCv: openCvOf("luma"),
    note: sumsNote,
  },
  {
    ...{ effect: "color", mode: "gamma, brightness, contrast", tolerance: rounded },
    settings: { gamma: 1.2, brightness: 110, contrast: 130 },
    ...tablePeers(toneTable),
  },
  {
    ...{ effect: "color", mode: "hue", settings: { hue: 40 }, tolerance: rounded },
    ...matrixPeers(hueMatrix(40)),
  },
  {
    ...{ effect: "color", mode: "saturation", settings: { saturation: 150 }, tolerance: rounded },
    ...matrixPeers(saturateMatrix(1.5)),
  },
  {
    ...{
      effect: "color",
      mode: "vibrance",
      settings: { vibrance: 60 },
      tolerance: rounded,
      loop: tone.vibranceLoop(0.6),
    },
  },
  { effect: "curves", mode: "rgb", settings: {}, tolerance: rounded, ...tablePeers(curveTable) },
  {
    ...{ effect: "curves", mode: "luminance", settings: { channel: "luminance" }, tolerance: rounded },
    loop: tone.relightLoop(sCurve),
  },
  {
    ...{ effect: "duotone", mode: "", settings: {}, tolerance: rounded, loop: duotoneLoop("#1b1464", "#ffd9a0") },
    openCv: openCvOf("duotone", { entries: duotoneEntries("#1b1464", "#ffd9a0") }),
  },
  {
    ...{ effect: "invert", mode: "rgb", settings: {}, tolerance: rounded, openCv: openCvOf("invert") },
    loop: tone.tableLoop(tone.toTable((value) => 1 - value)),
    vips: vipsOf((picture) => picture.negate()),
    note: copiesNote,
  },
  {
    ...{ effect: "invert", mode: "lightness", settings: { mode: "lightness" }, tolerance: rounded },
    loop: invertLightnessLoop,
  },
  { effect: "posterize", mode: "rgb", settings: {}, tolerance: rounded, ...tablePeers(posterTable) },
  {
    ...{ effect: "posterize", mode: "luminance", settings: { mode: "luminance" }, tolerance: stepped },
    loop: tone.posterizeLuminanceLoop(4),
  },
  { effect: "sepia", mode: "", settings: {}, tolerance: rounded, ...matrixPeers(sepiaMatrix(1)) },
  {
    ...{ effect: "vignette", mode: "", settings: {}, tolerance: rounded, loop: tone.vignetteLoop(0.6, 0.3) },
    openCv: openCvOf("vignette", { amount: 0.6, inner: 0.3 }),
  },
  {
    ...{ effect: "threshold", mode: "", settings: {}, tolerance: stepped, loop: tone.thresholdLoop(0.5) },
    openCv: openCvOf("threshold", { bound: 0.21404114 }),
    vips: { work: (picture) => picture.threshold(128), differs: "Greys are rounded to bytes first." },
  },
  {
    ...{ effect: "threshold", mode: "adaptive", settings: { adaptive: true }, tolerance: { levels: 1, share: 0.02 } },
    loop: adaptiveThresholdLoop(16),
    openCv: openCvOf("adaptive", { radius: 16 }),
  },
];

function duotoneEntries(dark: string, light: string): number[] {
  const [from, to] = [toOklab(toRgb(dark) as Rgb), toOklab(toRgb(light) as Rgb)];
  return Array.from({ length: 65_536 }, (_, i) => {
    const [l, a, b] = from.map((value, c) => value + ((to[c] as number) - value) * (i / 65_535)) as [
      number,
      number,
      number,
    ];
    return fromOklab([l, a, b]).map((sample) => Math.round(sample * 255));
  }).flat();
}

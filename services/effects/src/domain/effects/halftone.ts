import { printKernels } from "../../kernels/print-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, number } from "../catalogue/parameters.ts";
import { luminanceWeights, type Rgb, toEncoded, toLinear } from "../color/color.ts";
import { createSampleReader } from "../dither/tones.ts";
import { boundSteps, type DotShape, dotBounds, dotShapes } from "../draw/dot-screen.ts";
import { toColorTable } from "../rows/color-table.ts";
import { mapRows } from "../rows/map-rows.ts";
import { createMix, toByte } from "../rows/mix.ts";
import { allocatePlane, type RowPainter, type StageContext } from "../rows/rows.ts";

// The common angles of process printing, 30° apart for the strong inks.
const inkAngles = [15, 75, 0, 45];

// The kernel's intervals between paper and ink.
const shareSteps = 4_096;

// Steps of light for the table that encodes it: a step is at most a fifth of an 8-bit one.
const lightSteps = 16_384;

/** Printed dots whose area is the tone: one ink on paper, or cyan, magenta, yellow and black. */
export const halftone = defineEffect({
  name: "halftone",
  group: "print",
  title: "Halftone",
  description: "Dots of ink whose area gives the tone in linear light: one ink on paper, or four process inks.",
  revision: 1,
  parameters: {
    mode: choice({
      description: "mono: one ink on paper; cmyk: cyan, magenta, yellow and black at 15, 75, 0 and 45 degrees.",
      choices: ["mono", "cmyk"],
      byDefault: "mono",
    }),
    cell: number({
      description: "Screen period: the distance between dots.",
      minimum: 2,
      maximum: 64,
      byDefault: 8,
      unit: "px",
    }),
    angle: number({
      description: "Screen angle: the turn of the grid of dots, for mono.",
      minimum: 0,
      maximum: 90,
      byDefault: 45,
      unit: "degrees",
    }),
    shape: choice({ description: "The shape of dots.", choices: dotShapes, byDefault: "round" }),
    paper: color({ description: "The colour of the paper, for mono.", byDefault: "#ffffff" }),
    ink: color({ description: "The colour of the ink, for mono.", byDefault: "#14141c" }),
    black: number({
      description: "Grey component replacement: the share of the grey of the other inks that black replaces, for cmyk.",
      minimum: 0,
      maximum: 100,
      byDefault: 70,
      unit: "%",
    }),
  },
  createStage(settings, context, target) {
    const { mode, cell, shape, angle, paper, ink } = settings;
    const paint =
      mode === "mono"
        ? createMonoPainter(context, createScreen(context, shape, cell)(angle), paper, ink)
        : createProcessPainter(context, inkAngles.map(createScreen(context, shape, cell)), settings.black / 100);
    return mapRows(context, paint, target);
  },
});

/** Replaces a plane of tones of row `y` by the shares of its pixels that dots cover. */
type Screen = (plane: number, y: number) => void;

// A preview may have cells below 2 px. Their dots would not show, so the tones are kept.
function createScreen({ space, shape }: StageContext, dots: DotShape, cellPx: number): (angle: number) => Screen {
  if (cellPx < 2) return () => () => {};
  const { screenDots } = space.use(printKernels);
  const bounds = space.constant(dotBounds(dots, cellPx));
  return (angleDegrees) => {
    const angle = (angleDegrees * Math.PI) / 180;
    const [right, down] = [Math.cos(angle) / cellPx, Math.sin(angle) / cellPx];
    const kind = dotShapes.indexOf(dots);
    return (plane, y) => screenDots(plane, shape.widthPx, y, kind, right, down, 1 / cellPx, bounds, boundSteps);
  };
}

// Paper and ink are mixed in linear light where a dot covers a part of a pixel.
function createMonoPainter(context: StageContext, screen: Screen, paper: Rgb, ink: Rgb): RowPainter {
  const { space, shape, to } = context;
  const { widthPx, channels } = shape;
  const { inkTones, inkDots } = space.use(printKernels);
  const mix = createMix(context, luminanceWeights, true);
  const luminance = allocatePlane(space, widthPx, 8);
  const shares = allocatePlane(space, widthPx, 4);
  const table = space.constant(
    toColorTable(
      Array.from({ length: shareSteps + 1 }, (_, i) => mixLight(paper, ink, i / shareSteps)),
      to,
    ),
  );
  return (row, out, y) => {
    mix(row, luminance);
    inkTones(luminance, widthPx, shares);
    screen(shares, y);
    inkDots(shares, widthPx, table, channels, to === "floats", out);
  };
}

function mixLight(from: Rgb, to: Rgb, share: number): Rgb {
  const mixed = (c: 0 | 1 | 2) => toEncoded(toLinear(from[c]) * (1 - share) + toLinear(to[c]) * share);
  return [mixed(0), mixed(1), mixed(2)];
}

// Cyan, magenta and yellow are the complements of light; black replaces a share of the grey that they have in common. Where dots overlap, each ink
// takes its part of the light, so that the mean is the picture's (M. Demichel's probabilities, 1924).
function createProcessPainter(context: StageContext, screens: readonly Screen[], black: number): RowPainter {
  const { space, shape, to } = context;
  const { widthPx, channels } = shape;
  const { separateInks, overprint } = space.use(printKernels);
  const light = allocatePlane(space, 3 * widthPx, 4);
  const stride = Math.ceil(widthPx / 16) * 16 * 4;
  const planes = space.allocate(screens.length * stride);
  const read = createSampleReader(context, true, light);
  const encoded = Float32Array.from({ length: lightSteps + 1 }, (_, i) => toEncoded(i / lightSteps));
  const table = space.constant(to === "floats" ? encoded : Uint8Array.from(encoded, toByte));
  return (row, out, y) => {
    read(row);
    separateInks(light, widthPx, black, planes, stride);
    screens.forEach((screen, ink) => {
      screen(planes + ink * stride, y);
    });
    overprint(planes, stride, widthPx, table, lightSteps, channels, to === "floats", out);
  };
}

import { type DetailKernels, detailKernels } from "../../kernels/detail-kernels.ts";
import type { Rgb } from "../color/color.ts";
import { joinStages } from "../rows/map-rows.ts";
import { mapWindow } from "../rows/map-window.ts";
import { type CreateStage, type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";
import { gaussian } from "./blur-shape.ts";
import { allocateRow } from "./float-rows.ts";
import { type BlurPainter, mapBlurred } from "./map-blurred.ts";

/** A drawing of lines and shades. */
export type Pencil = {
  /** Standard deviation of the blur before lines are found. */
  readonly lineSigmaPx: number;
  /** Standard deviation of the blur that a grey is compared with for shades. */
  readonly shadeSigmaPx: number;
  /** Factor of an edge's height: 1 for a full line between black and white only. */
  readonly strength: number;
  /** Share of shades, 0 to 1. */
  readonly shading: number;
  readonly paper: Rgb;
  readonly pencil: Rgb;
};

/**
 * Returns the stages of a pencil drawing. Greys are encoded luminance; their means are weighted by alpha. Lines are the length of Scharr's
 * gradient of the blurred grey, for an edge's own height (see `edgeFactor`), and none towards pixels around which nothing is visible; shades are the
 * colour dodge of the grey by its inverted, blurred self.
 */
export function drawWithPencil(context: StageContext, pencil: Pencil, target: RowTarget): Stage {
  const { widthPx, channels } = context.shape;
  const kernels = context.space.use(detailKernels);
  const valueChannels = channels === 4 ? 2 : 1;
  const base = { channels: valueChannels, keptSamples: widthPx * channels } as const;
  const blurLines: BlurPainter = {
    ...base,
    prepare: (row, values, kept) => kernels.toGreys(row, channels, widthPx, values, kept),
    paint: (blurred, kept, to) => kernels.setMeans(kept, blurred, channels, widthPx, to),
  };
  const bytes = rowBytes(context.shape, "floats");
  const blurShades: BlurPainter = {
    ...base,
    prepare(row, values, kept) {
      kernels.redValues(row, channels, widthPx, values);
      context.space.bytes(kept, bytes).set(context.space.bytes(row, bytes));
    },
    paint: (blurred, kept, to) => kernels.setShades(kept, blurred, channels, widthPx, to),
  };
  const stages: CreateStage[] = [
    (own, next) => mapBlurred(own, gaussian(pencil.lineSigmaPx), blurLines, next),
    (own, next) => mapBlurred(own, gaussian(pencil.shadeSigmaPx), blurShades, next),
    (own, next) => drawLines(own, kernels, pencil, next),
  ];
  return joinStages(stages, context, target);
}

/**
 * Returns the factor that makes the steepest slope of a blurred edge its height again: the Gaussian's peak is 1 / (σ √2π), and Scharr's weights
 * act as another blur, so that an edge between two pixels has half its height as its slope.
 */
export function edgeFactor(sigmaPx: number): number {
  return Math.sqrt(2 * Math.PI * sigmaPx ** 2 + 4);
}

function drawLines(context: StageContext, kernels: DetailKernels, pencil: Pencil, target: RowTarget): Stage {
  const { space } = context;
  const { widthPx, channels } = context.shape;
  const planes = [-1, 0, 1].map((down) => ({ down, plane: allocateRow(space, widthPx + 8) + 16 }));
  const [above, here, below] = planes.map(({ plane }) => plane) as [number, number, number];
  const [paper, ink] = [pencil.paper, pencil.pencil].map((rgb) => space.constant(Float32Array.from(rgb))) as [
    number,
    number,
  ];
  const strength = pencil.strength * edgeFactor(pencil.lineSigmaPx);
  const { shading } = pencil;
  return mapWindow(
    context,
    { above: 1, below: 1 },
    (around, to) => {
      for (const { down, plane } of planes) kernels.greenPlane(around(down), channels, widthPx, plane);
      kernels.drawPencil(
        ...([above, here, below, around(0), channels, widthPx] as const),
        ...([strength, shading, paper, ink, to] as const),
      );
    },
    target,
  );
}

import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, splitList, text } from "../catalogue/parameters.ts";
import { toLinear } from "../color/color.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { StageContext } from "../rows/rows.ts";
import { changeLuminance } from "../tone/luminance.ts";
import { mapSamples } from "../tone/map-samples.ts";
import { type CurvePoint, monotoneCubic } from "../tone/monotone-cubic.ts";
import { tabulateTone, toneSteps } from "../tone/tables.ts";

const maxPoints = 16;

// Six decimals at most: points that lie nearer have slopes too steep for a table, and at last too steep for a double.
const share = "(?:0?\\.[0-9]{1,6}|[01](?:\\.[0-9]{1,6})?)";
const point = `${share}:${share}`;

const channelNames = ["rgb", "red", "green", "blue", "luminance"] as const;

/** Maps encoded samples, or luminance, by a monotone cubic curve through points (`monotoneCubic`). */
export const curves = defineEffect({
  name: "curves",
  group: "tone",
  title: "Curves",
  description: "A tone curve through points, for all channels, one of them, or luminance; a mild S by default.",
  revision: 1,
  parameters: {
    points: text(
      {
        description: "Points of the curve as x:y from dark to light, with spaces between.",
        form: `2 to ${maxPoints} points as x:y with rising x, both from 0 to 1 in at most 6 decimals, with spaces between`,
        pattern: `^ *${point}([ ,]+${point}){1,${maxPoints - 1}} *$`,
        byDefault: "0:0 0.25:0.19 0.75:0.81 1:1",
      },
      readPoints,
    ),
    channel: choice({
      description:
        "What the curve maps: all three channels, one of them, or luminance (linear light; colours are mixed with black or white).",
      choices: channelNames,
      byDefault: "rgb",
    }),
  },
  createStage({ points, channel }, context, target) {
    const { space } = context;
    const kernels = space.use(toneKernels);
    const curve = monotoneCubic(points);
    if (channel === "luminance") {
      const table = space.constant(tabulateTone((value) => toLinear(curve(value))));
      const change = (plane: number) => kernels.curvePlane(plane, context.shape.widthPx, table, toneSteps);
      return mapRows(context, onFloats(context, changeLuminance(context, change)), target);
    }
    const mapped = space.constant(tabulateTone(curve));
    const same = channel === "rgb" ? mapped : space.constant(tabulateTone((value) => value));
    const tableOf = (name: string) => (channel === name ? mapped : same);
    const [red, green, blue] = [tableOf("red"), tableOf("green"), tableOf("blue")];
    const createPainter = (own: StageContext) =>
      onFloats(own, (row, to) =>
        kernels.curves(row, own.shape.channels, own.shape.widthPx, red, green, blue, toneSteps, to),
      );
    return mapRows(context, mapSamples(context, createPainter), target);
  },
});

/** Reads the points of a text in their pattern. Undefined if x does not rise, or for a number above 1. */
function readPoints(given: string): readonly CurvePoint[] | undefined {
  const points: CurvePoint[] = [];
  for (const part of splitList(given)) {
    const [x, y] = part.split(":").map(Number) as [number, number];
    const isRising = x > (points.at(-1)?.[0] ?? -1);
    if (!isRising || x > 1 || y > 1) return undefined;
    points.push([x, y]);
  }
  return points;
}

import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, number } from "../catalogue/parameters.ts";
import { encodedCurve, linearCurve } from "../color/curve.ts";
import { lineTaps } from "../glitch/line.ts";
import { blurAlong, pathMemory } from "../glitch/path-blur.ts";
import { type PathPasses, spinPasses, zoomPasses } from "../glitch/path-passes.ts";
import { mapPrepared, type PreparedAround } from "../glitch/prepared-window.ts";
import type { PathCenter } from "../glitch/tap-adder.ts";
import { stageMemory, wholePicture } from "../picture/prepared-effect.ts";
import { type RowShape, type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";

/**
 * The blur of a camera that moves straight, zooms, or turns: the mean along a line, a part of a ray from a centre, or an arc about it, in linear light and
 * weighted by alpha. The middle of each is the pixel.
 */
export const motion = defineEffect({
  name: "motion",
  group: "glitch",
  title: "Motion blur",
  description: "The blur of a movement: the mean along a line, a ray or an arc, in linear light.",
  revision: 1,
  defaultRank: 4,
  parameters: {
    kind: choice({
      description: "The movement: straight, towards or away from the centre, or around it.",
      choices: ["straight", "zoom", "spin"],
      byDefault: "straight",
    }),
    length: number({
      description: "Length of the line, half of it to each side; `straight` only.",
      minimum: 0,
      maximum: 128,
      byDefault: 20,
      unit: "px",
    }),
    angle: number({
      description: "Direction of the line: 0 level, 45 rising to the right, 90 upright; `straight` only.",
      minimum: 0,
      maximum: 180,
      byDefault: 0,
      unit: "degrees",
    }),
    amount: number({
      description:
        "Length of the part of a ray, as a share of the distance from the centre, half of it to each side; `zoom` only.",
      minimum: 0,
      maximum: 100,
      byDefault: 10,
      unit: "%",
    }),
    arc: number({
      description: "Angle of the arc, half of it to each side; `spin` only.",
      minimum: 0,
      maximum: 90,
      byDefault: 6,
      unit: "degrees",
    }),
    center_x: number({
      description: "The centre, from left; `zoom` and `spin` only.",
      minimum: 0,
      maximum: 100,
      byDefault: 50,
      unit: "%",
    }),
    center_y: number({
      description: "The centre, from the top; `zoom` and `spin` only.",
      minimum: 0,
      maximum: 100,
      byDefault: 50,
      unit: "%",
    }),
  },
  needsPicture: ({ kind }) => kind !== "straight",
  memory(settings, shape) {
    const { workBytes } = stageMemory(shape);
    const { passes } = pathsOf(settings, shape);
    if (passes.length === 0) return { workBytes, pictureBytes: [] };
    const memory = pathMemory(shape, passes.length);
    return { ...memory, workBytes: workBytes + memory.workBytes };
  },
  async prepare(settings, context) {
    const { kind, length, angle } = settings;
    if (kind === "straight") return { createStage: (stage, target) => blur(stage, length, angle, target) };
    const { center, passes } = pathsOf(settings, context.shape);
    if (passes.length === 0) return {};
    const picture = await blurAlong(wholePicture(context), passes, center, context);
    return { picture, close: picture.close };
  },
});

type PathSettings = {
  readonly kind: "straight" | "zoom" | "spin";
  readonly amount: number;
  readonly arc: number;
  readonly center_x: number;
  readonly center_y: number;
};

/** Returns the centre in pixels and the passes of a zoom or spin; none for a straight movement. */
function pathsOf({ kind, amount, arc, center_x, center_y }: PathSettings, { widthPx, heightPx }: RowShape) {
  const center: PathCenter = { x: (center_x / 100) * widthPx - 0.5, y: (center_y / 100) * heightPx - 0.5 };
  const farthest = (place: number, px: number) => Math.max(Math.abs(place), Math.abs(px - 1 - place));
  const reachPx = Math.max(farthest(center.x, widthPx), farthest(center.y, heightPx));
  const passes: PathPasses =
    kind === "zoom" ? zoomPasses(amount / 100, reachPx) : kind === "spin" ? spinPasses(arc, reachPx) : [];
  return { center, passes };
}

function blur(context: StageContext, lengthPx: number, angle: number, target: RowTarget): Stage {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { padLight, sumTaps, encodeSums } = space.use(glitchKernels);
  const taps = lineTaps(lengthPx, angle);
  const isStill = taps.length === 1;
  const [linear, encoded] = [space.constant(linearCurve.table), space.constant(encodedCurve.table)];
  const padPx = Math.max(...taps.map(({ right }) => Math.abs(right)));
  const pixelBytes = channels * 4;
  const offsets = taps.map(({ right }) => (padPx + right) * pixelBytes);
  const shares = Float32Array.from(taps, ({ weight }) => weight);
  // Added as the kernel adds an alpha of 1, so that opaque pictures are the same with and without alpha.
  const total = shares.reduce((sum, share) => Math.fround(sum + share), 0);
  const weights = space.constant(shares);
  const addresses = space.allocate(taps.length * 4);
  const bytes = rowBytes(shape, "floats");
  const sums = space.allocate(bytes);
  const point = (around: PreparedAround) => {
    const list = space.bytes(addresses, taps.length * 4);
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    taps.forEach(({ down }, k) => {
      view.setUint32(k * 4, around(down) + (offsets[k] as number), true);
    });
  };
  return mapPrepared(
    context,
    {
      reach: Math.max(...taps.map(({ down }) => Math.abs(down))),
      preparedBytes: (widthPx + 2 * padPx) * pixelBytes,
      prepare: (row, to) => padLight(row, channels, widthPx, padPx, linear, linearCurve.steps, to),
      paint(own, around, to) {
        // A line within a pixel changes nothing; the curves would, in the last bits.
        if (isStill) return void space.bytes(to, bytes).set(space.bytes(own, bytes));
        point(around);
        sumTaps(addresses, weights, taps.length, widthPx * channels, sums);
        encodeSums(sums, total, own, channels, widthPx, encoded, encodedCurve.steps, to);
      },
    },
    target,
  );
}

import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { encodedCurve, linearCurve } from "../color/curve.ts";
import { lineTaps } from "../glitch/line.ts";
import { mapPrepared, type PreparedAround } from "../glitch/prepared-window.ts";
import { type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";

/** The blur of a camera that moves straight: the mean along a line, in linear light and weighted by alpha. */
export const motion = defineEffect({
  name: "motion",
  group: "glitch",
  title: "Motion blur",
  description: "The blur of a straight movement: the mean along a line, in linear light.",
  revision: 1,
  defaultRank: 4,
  parameters: {
    length: number({
      description: "Length of the line, half of it to each side.",
      minimum: 0,
      maximum: 128,
      byDefault: 20,
      unit: "px",
    }),
    angle: number({
      description: "Direction of the line: 0 level, 45 rising to the right, 90 upright.",
      minimum: 0,
      maximum: 180,
      byDefault: 0,
      unit: "degrees",
    }),
  },
  createStage: ({ length, angle }, context, target) => blur(context, length, angle, target),
});

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

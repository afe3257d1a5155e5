import { byteKernels } from "../../kernels/byte-kernels.ts";
import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { encodedCurve, linearCurve } from "../color/curve.ts";
import { wayOf } from "../glitch/line.ts";
import { mapPrepared } from "../glitch/prepared-window.ts";
import { mapWindow } from "../rows/map-window.ts";
import { type Row, type RowTarget, rowBytes, type Stage, type StageContext } from "../rows/rows.ts";

/** A displacement in px. */
type Way = { readonly right: number; readonly down: number };

/**
 * Red and blue displaced against green, as by a misaligned print or a lens with lateral chromatic aberration. Between pixels, samples are interpolated
 * linearly in linear light, weighted by alpha. A sample without a visible pixel under it keeps its place.
 */
export const rgbSplit = defineEffect({
  name: "rgb_split",
  group: "glitch",
  title: "RGB split",
  description: "Red and blue displaced in opposite directions against green; interpolated in linear light.",
  revision: 1,
  parameters: {
    shift: number({
      description: "How far red moves; blue moves as far the other way.",
      minimum: 0,
      maximum: 64,
      byDefault: 6,
      unit: "px",
    }),
    angle: number({
      description: "Direction of red: 0 to the right, 90 up.",
      minimum: 0,
      maximum: 360,
      byDefault: 0,
      unit: "degrees",
    }),
  },
  createStage({ shift, angle }, context, target) {
    const way = wayOf(shift, angle);
    const isWhole = Number.isInteger(way.right) && Number.isInteger(way.down);
    return isWhole ? moveWhole(context, way, target) : interpolate(context, way, target);
  },
});

// Whole pixels are copied, not converted to linear light and back.
function moveWhole(context: StageContext, { right, down }: Way, target: RowTarget): Stage {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const reach = Math.abs(down);
  const format = isOfBytes(context) ? "bytes" : "floats";
  const { shiftBytes } = space.use(byteKernels);
  const { shiftChannel } = space.use(glitchKernels);
  const shift = (from: Row, own: Row, channel: number, offset: number, to: Row) =>
    format === "bytes"
      ? shiftBytes(from, own, channels, channel, widthPx, offset, to)
      : shiftChannel(from, own, channels, channel, widthPx, offset, false, to);
  const bytes = rowBytes(shape, format);
  return mapWindow(
    context,
    { above: reach, below: reach },
    (around, to) => {
      const own = around(0);
      space.bytes(to, bytes).set(space.bytes(own, bytes));
      shift(around(-down), own, 0, right, to);
      shift(around(down), own, 2, -right, to);
    },
    target,
    format,
  );
}

function isOfBytes({ from, to }: StageContext): boolean {
  return from === "bytes" && to === "bytes";
}

function interpolate(context: StageContext, { right, down }: Way, target: RowTarget): Stage {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { splitPlanes, splitChannel } = space.use(glitchKernels);
  const [linear, encoded] = [space.constant(linearCurve.table), space.constant(encodedCurve.table)];
  const bytes = rowBytes(shape, "floats");
  const padPx = Math.ceil(Math.abs(right)) + 1;
  const stride = Math.ceil((widthPx + 2 * padPx) / 16) * 64;
  const sources = [
    { channel: 0, plane: 0, across: -right, along: -down },
    { channel: 2, plane: 1, across: right, along: down },
  ].map(({ channel, plane, across, along }) => {
    const [column, row] = [Math.floor(across), Math.floor(along)];
    const at = (padPx + column) * 4;
    return {
      channel,
      color: plane * stride + at,
      alpha: 2 * stride + at,
      toRight: across - column,
      row,
      toDown: along - row,
    };
  });
  return mapPrepared(
    context,
    {
      reach: Math.ceil(Math.abs(down)),
      preparedBytes: (channels - 1) * stride,
      prepare: (row, to) => splitPlanes(row, channels, widthPx, padPx, linear, linearCurve.steps, to, stride),
      paint(own, around, to) {
        space.bytes(to, bytes).set(space.bytes(own, bytes));
        for (const { channel, color, alpha, toRight, row, toDown } of sources) {
          const [upper, lower] = [around(row), around(toDown > 0 ? row + 1 : row)];
          const [upperAlpha, lowerAlpha] = channels === 4 ? [upper + alpha, lower + alpha] : [0, 0];
          splitChannel(
            ...([upper + color, lower + color, upperAlpha, lowerAlpha, toRight, toDown] as const),
            ...([encoded, encodedCurve.steps, channels, channel, widthPx, to] as const),
          );
        }
      },
    },
    target,
  );
}

import { byteKernels } from "../../kernels/byte-kernels.ts";
import type { Rgb } from "../color/color.ts";
import { toColorTable } from "../rows/color-table.ts";
import { type PixelPainter, type Row, type RowPainter, type StageContext, toRowPainter } from "../rows/rows.ts";

/** The samples of a pixel as sums of what its red, green and blue add. */
export type PixelSums = {
  /** What a byte of a channel, 0 to 2, adds to red, green and blue, in levels of bytes: 255 for white. */
  readonly added: (channel: number, byte: number) => Rgb;
  /** How far the painter's floats may lie from these sums, in levels. */
  readonly error: number;
};

/** Two colours, by the sum of what red, green and blue of a pixel add. */
export type SplitSums = {
  /** What a byte of a channel, 0 to 2, adds to the sum, from 0 to 1. */
  readonly added: (channel: number, byte: number) => number;
  /** Sums from this one on have the colour `high`, those below `low`. */
  readonly bound: number;
  /** How far the painter's floats may lie from these sums or from the bound. */
  readonly error: number;
  readonly low: Rgb;
  readonly high: Rgb;
};

const bytes = Array.from({ length: 256 }, (_, byte) => byte);
const channelIndices = [0, 1, 2];

// Pixels that the kernels work on together.
const blockPx = 4;
// Pixels between which the list of unclear blocks is worked off.
const partPx = 16_384;
// Entries are integers of 32 bits. Their sums have whole parts of 16 bits and fractions of 16 bits.
const fraction = 65_536;
const maxLevel = 32_000;
// With more, too many blocks would be painted twice.
const maxSlack = 1_024;
const splitScale = 2 ** 28;

/**
 * Returns a painter for an effect whose samples are such sums, limited to 0 to 255 and rounded. Where rows are bytes on both sides it adds integers. Blocks
 * with a sum so near to the middle between two bytes that floats could round it otherwise are painted by the painter that `createPainter` returns, so the bytes
 * are those of that painter. Else it is that painter.
 */
export function mapSums(
  context: StageContext,
  { added, error }: PixelSums,
  createPainter: (context: StageContext) => RowPainter,
): RowPainter {
  const { space, shape, from, to } = context;
  // Half for the rounding of each of three entries, and one for the end of the range.
  const slack = Math.ceil(error * fraction + 1.5) + 1;
  const parts = channelIndices.map((channel) => bytes.map((byte) => added(channel, byte)));
  const level = sumOf(parts.map((part) => Math.max(...part.flat().map(Math.abs))));
  if (from !== "bytes" || to !== "bytes" || slack > maxSlack || level > maxLevel) return createPainter(context);
  const entries = parts.flatMap((part, channel) => {
    // Once for each sum: a half, for rounding. The fourth sum is alpha's, which is written elsewhere; its half keeps it clear.
    const [once, unused] = channel === 0 ? [fraction / 2 + slack, fraction / 2] : [0, 0];
    return part.flatMap((rgb) => [...rgb.map((value) => Math.round(value * fraction) + once), unused]);
  });
  const tables = space.constant(Int32Array.from(entries));
  const { sumPixels } = space.use(byteKernels);
  return withExactBlocks(context, createPainter, (row, out, pixels, unclear) =>
    sumPixels(row, shape.channels, pixels, tables, slack, out, unclear),
  );
}

/** Returns a painter for an effect with two colours by such a sum, in the same way. */
export function splitBySums(
  context: StageContext,
  { added, bound, error, low, high }: SplitSums,
  createPainter: (context: StageContext) => RowPainter,
): RowPainter {
  const { space, shape, from, to } = context;
  if (from !== "bytes" || to !== "bytes") return createPainter(context);
  const entries = channelIndices.flatMap((channel) =>
    bytes.map((byte) => Math.round(added(channel, byte) * splitScale)),
  );
  const tables = space.constant(Int32Array.from(entries));
  const slack = Math.ceil(error * splitScale) + 4;
  // All sums lie between these two.
  const integerBound = Math.round(Math.min(2, Math.max(-1, bound)) * splitScale);
  const colors = toColorTable([low, high], "bytes");
  const [lowPixel, highPixel] = new Int32Array(Uint8Array.from(colors).buffer) as unknown as [number, number];
  const { splitSums } = space.use(byteKernels);
  return withExactBlocks(context, createPainter, (row, out, pixels, unclear) =>
    splitSums(
      ...([row, shape.channels, pixels, tables, integerBound, slack] as const),
      ...([lowPixel, highPixel, out, unclear] as const),
    ),
  );
}

/** Paints pixels, writes where their unclear blocks begin (32 bits each), and returns the number of these. */
type PaintClear = (row: Row, out: Row, pixels: number, unclear: number) => number;

function withExactBlocks(
  context: StageContext,
  createPainter: (context: StageContext) => RowPainter,
  paintClear: PaintClear,
): RowPainter {
  const { space, shape } = context;
  const paintBlock = createPainter({ ...context, shape: { ...shape, widthPx: blockPx } });
  const unclearBytes = (partPx / blockPx) * 4;
  const unclear = space.allocate(unclearBytes);
  const paintPart: PixelPainter = (row, out, pixels) => {
    const count = paintClear(row, out, pixels, unclear);
    if (count === 0) return;
    const list = space.bytes(unclear, unclearBytes);
    const view = new DataView(list.buffer, list.byteOffset, unclearBytes);
    for (let i = 0; i < count; i++) {
      const at = view.getUint32(i * 4, true) * shape.channels;
      paintBlock(row + at, out + at, 0);
    }
  };
  return toRowPainter(shape, (row, out, pixels) => {
    for (let x = 0; x < pixels; x += partPx) {
      const at = x * shape.channels;
      paintPart(row + at, out + at, Math.min(partPx, pixels - x));
    }
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

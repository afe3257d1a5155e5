import type { Metadata, Sharp } from "sharp";
import { sharp } from "../engine/engine.ts";
import { toPlainBytes } from "../engine/raw-pixels.ts";
import { type Channels, createFrame, type Frame } from "../frames/frame.ts";

/** The value that becomes 255, by sample type. For floating point it depends on the content. */
const whiteOf: Readonly<Record<string, number>> = { uint: 2 ** 32 - 1, int: 2 ** 31 - 1, short: 2 ** 15 - 1 };
const FLOATS = ["float", "double"];

/** Whether libvips would cut the samples to 8 bits instead of scaling them. */
export function isWide({ depth }: Metadata): boolean {
  return depth in whiteOf || FLOATS.includes(depth);
}

/**
 * Converts a TIFF of 32-bit or signed samples to 8 bits: black is 0, white the largest value of an integer type. Floating point
 * is read as sRGB-coded, as TIFF 6.0 presumes a gamma. Its white is the first of 1, 255 and 65,535 that the largest sample
 * exceeds by no more than half, else the largest sample. Larger values are cut off.
 */
export async function renderWide(image: Sharp, bytes: Uint8Array, metadata: Metadata): Promise<Frame> {
  const { channels } = metadata;
  const white = whiteOf[metadata.depth] ?? (await findWhite(bytes));
  // libvips truncates fractions.
  image.linear(Array(channels).fill(255 / white), Array(channels).fill(0.5));
  // To its own space, so that no curve is applied.
  image.toColourspace(metadata.space);
  if (channels === 2)
    return interleave(await toBytes(image.clone().extractChannel(0)), await toBytes(image.extractChannel(1)));
  return toBytes(image);
}

async function toBytes(image: Sharp): Promise<Frame> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  return createFrame(info.width, info.height, info.channels as Channels, toPlainBytes(data));
}

/** sharp writes grey without its alpha, so the two are read one after the other. */
function interleave(grey: Frame, alpha: Frame): Frame {
  const frame = createFrame(grey.widthPx, grey.heightPx, 2);
  for (let at = 0; at < grey.data.length; at++) {
    frame.data[at * 2] = grey.data[at] ?? 0;
    frame.data[at * 2 + 1] = alpha.data[at] ?? 0;
  }
  return frame;
}

async function findWhite(bytes: Uint8Array): Promise<number> {
  const { channels } = await sharp(bytes).stats();
  const most = Math.max(...channels.map(({ max }) => max));
  return [1, 255, 65_535].find((white) => !(most > white * 1.5)) ?? most;
}

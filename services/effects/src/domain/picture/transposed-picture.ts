import type { Pace } from "@pixelmesh/lifecycle";
import { type RowShape, sampleBytes } from "../rows/rows.ts";
import { type Blocks, createBlocks } from "./blocks.ts";
import type { OpenPictureRows } from "./float-picture.ts";
import type { PictureRows } from "./picture-rows.ts";
import type { PrepareContext } from "./prepared-effect.ts";
import { readBands } from "./read-bands.ts";

/** Side of the square blocks of a transposed picture. */
const sidePx = 64;

// Copies of a pixel cost a small part of an effect's work on it.
const copyShare = 1 / 8;

type Layout = {
  readonly pixelBytes: number;
  readonly blockBytes: number;
  /** Blocks beside each other in the picture that was transposed, and above each other. */
  readonly across: number;
  readonly along: number;
};

function layoutOf({ widthPx, heightPx }: RowShape, pixelBytes: number): Layout {
  const [across, along] = [widthPx, heightPx].map((px) => Math.ceil(px / sidePx)) as [number, number];
  return { pixelBytes, blockBytes: sidePx * sidePx * pixelBytes, across, along };
}

/** Returns the largest number of bytes that a transposed picture takes in the frame store, for a picture of this shape. */
export function transposedBytes(shape: RowShape): number {
  const { blockBytes, across, along } = layoutOf(shape, shape.channels * 4);
  return blockBytes * across * along;
}

/** Returns the largest number of bytes that reading and writing a transposed picture takes besides: 64 rows of each direction. */
export function transposedWorkBytes({ widthPx, heightPx, channels }: RowShape): number {
  return sidePx * (widthPx + heightPx + sidePx) * channels * 4;
}

/**
 * Returns a picture with rows and columns exchanged, in the same format. It lies in the frame store as blocks of 64 × 64 pixels; `readRows` gathers 64
 * rows at once, so reading in order is cheap. One read at a time. The given picture is read once, top-down, and not used afterwards.
 */
export async function transposePicture(
  picture: PictureRows,
  { space, frameStore, pace }: Pick<PrepareContext, "space" | "frameStore" | "pace">,
): Promise<OpenPictureRows> {
  const { shape, format, channels } = picture;
  const { widthPx, heightPx } = shape;
  const { transpose } = space.kernels;
  const layout = layoutOf(shape, channels * sampleBytes(format));
  const sink = await createBlocks(layout.blockBytes, layout.across * layout.along, frameStore);
  try {
    const { pixelBytes, blockBytes } = layout;
    const stride = widthPx * pixelBytes;
    const [memory, block] = [space.allocate(sidePx * stride), space.allocate(blockBytes)];
    for (let top = 0; top < heightPx; top += sidePx) {
      const count = Math.min(sidePx, heightPx - top);
      const rows = await picture.readRows(top, count);
      space.bytes(memory, count * stride).set(rows);
      for (let left = 0; left < widthPx; left += sidePx) {
        const from = memory + left * pixelBytes;
        transpose(from, stride, pixelBytes, Math.min(sidePx, widthPx - left), count, block, sidePx * pixelBytes);
        await sink.write(space.bytes(block, blockBytes));
        await pace(sidePx * sidePx * copyShare);
      }
    }
    const blocks = await sink.open();
    const turned = { ...shape, widthPx: heightPx, heightPx: widthPx };
    const make = createGatherer(blocks, turned, layout, pace);
    const readRows = readBands({ shape: turned, format, channels, bandRows: sidePx, make });
    return { shape: turned, format, channels, readRows, close: blocks.close };
  } finally {
    await sink.abandon();
  }
}

/** Returns the function that gathers 64 rows of the transposed picture. */
function createGatherer(
  blocks: Blocks,
  { widthPx, heightPx }: RowShape,
  { pixelBytes, across, along }: Layout,
  pace: Pace,
): (index: number) => Promise<Uint8Array> {
  const stride = widthPx * pixelBytes;
  const band = new Uint8Array(Math.min(sidePx, heightPx) * stride);
  return async (index) => {
    const count = Math.min(sidePx, heightPx - index * sidePx);
    for (let part = 0; part < along; part++) {
      const block = await blocks.read(part * across + index);
      const left = part * sidePx * pixelBytes;
      const bytes = Math.min(sidePx * pixelBytes, stride - left);
      for (let y = 0; y < count; y++) {
        const from = y * sidePx * pixelBytes;
        band.set(block.subarray(from, from + bytes), y * stride + left);
      }
      await pace(sidePx * sidePx * copyShare);
    }
    return band.subarray(0, count * stride);
  };
}

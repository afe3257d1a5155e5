import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  decodeDamagedJpeg,
  defaultLimits,
  discardRaster,
  encodeRaster,
  openRows,
  type Raster,
} from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { integer, number } from "../catalogue/parameters.ts";
import { damageJpeg } from "../glitch/jpeg-damage.ts";
import { joinAlpha } from "../picture/join-alpha.ts";
import { createRowReader, toPictureRows } from "../picture/picture-rows.ts";
import { type PrepareContext, stageMemory, wholePicture } from "../picture/prepared-effect.ts";
import type { RowShape } from "../rows/rows.ts";

// libjpeg's JPEG_MAX_DIMENSION (jmorecfg.h).
const maxSidePx = 65_500;

// The picture to be encoded has no transparency: the colour of invisible pixels is mid-grey, which libjpeg stores in the fewest bytes.
const hiddenSample = 128;

// About 1 MB of a picture with alpha as floats.
const stripPixels = 64 * 1_024;

const unlimited = { ...defaultLimits, maxOutputPixels: Number.POSITIVE_INFINITY, maxSidePx: Number.POSITIVE_INFINITY };

/**
 * A picture as a damaged JPEG shows it: it is encoded, some bytes of its data are changed, and it is decoded in spite of that. The decoder takes wrong
 * codes for other blocks, so that all that follow are moved and have other colours, which are stored as differences. The bytes of the
 * result depend on the libjpeg that sharp brings along: `revision` grows with a version that encodes or decodes differently.
 */
export const jpegGlitch = defineEffect({
  name: "jpeg_glitch",
  group: "glitch",
  title: "JPEG glitch",
  description: "Blocks that are moved and discoloured, as in a JPEG file whose data was damaged. Alpha is kept.",
  revision: 1,
  parameters: {
    quality: integer({
      description:
        "Quality of the JPEG. At low ones blocks are visible, and damage reaches farther and changes colours more.",
      minimum: 1,
      maximum: 100,
      byDefault: 90,
    }),
    amount: integer({
      description: "Number of damaged bytes; 0 leaves a plain JPEG of the quality.",
      minimum: 0,
      maximum: 500,
      byDefault: 12,
    }),
    start: number({
      description: "How much of the JPEG's data, from the top of the picture, is intact.",
      minimum: 0,
      maximum: 100,
      byDefault: 0,
      unit: "%",
    }),
    seed: integer({
      description: "Another number damages other bytes.",
      minimum: 0,
      maximum: 2_147_483_647,
      byDefault: 0,
    }),
  },
  needsPicture: () => true,
  memory: (_settings, shape) => {
    // The colours, the JPEG with its damaged copy (at the best quality about as much), and the result.
    const colorBytes = shape.widthPx * shape.heightPx * 3;
    const stripBytes = Math.max(stripPixels, shape.widthPx) * 2 * shape.channels * 4;
    return {
      workBytes: stageMemory(shape).workBytes + stripBytes,
      pictureBytes: [colorBytes, colorBytes, colorBytes],
    };
  },
  async prepare({ quality, amount, start, seed }, context) {
    const { frameStore, shape } = context;
    assertSides(shape);
    const colors = await toColors(context);
    const encoding = Encoding.fromPartial({ format: ImageFormat.JPEG, quality });
    const { content } = await encodeRaster(colors, encoding, unlimited, frameStore);
    await discardRaster(colors);
    const damaged = damageJpeg(content, { amount, start: start / 100, seed });
    const raster = await decodeDamagedJpeg(damaged, colors, frameStore);
    context.signal?.throwIfAborted();
    const rows = await openRows(raster);
    return {
      picture: joinAlpha(toPictureRows(rows), wholePicture(context)),
      async close() {
        await rows.close();
        await discardRaster(raster);
      },
    };
  },
});

function assertSides({ widthPx, heightPx }: RowShape): void {
  if (widthPx <= maxSidePx && heightPx <= maxSidePx) return;
  const text = `Expected a picture with sides up to ${maxSidePx} px for jpeg_glitch, as JPEG has, got ${widthPx}x${heightPx}`;
  throw new AppError("IMAGE_SIDE_TOO_LONG", text, { metadata: { limit: `${maxSidePx}` } });
}

/** Returns the colours of the picture as bytes, without alpha. */
async function toColors(context: PrepareContext): Promise<Raster> {
  const picture = wholePicture(context);
  const { widthPx, heightPx, channels } = picture.shape;
  const space = openKernelSpace();
  const sink = await createRasterSink({ widthPx, heightPx, channels: 3 }, context.frameStore);
  try {
    const stripRows = Math.min(heightPx, Math.max(1, Math.floor(stripPixels / widthPx)));
    const reader = createRowReader(space, picture, stripRows);
    const isFloat = picture.format === "floats";
    const rounded = space.allocate(isFloat ? stripRows * widthPx * channels : 0);
    for (let top = 0; top < heightPx; top += stripRows) {
      const count = Math.min(stripRows, heightPx - top);
      const rows = await reader.read(top, count);
      const samples = count * widthPx * channels;
      if (isFloat) space.kernels.floatsToBytes(rows, samples, rounded);
      const bytes = space.bytes(isFloat ? rounded : rows, samples);
      await sink.writeRows(top, channels === 4 ? withoutAlpha(bytes) : bytes);
      await context.pace(count * widthPx);
    }
    return await sink.end();
  } finally {
    await sink.abandon();
    space.close();
  }
}

function withoutAlpha(rows: Uint8Array): Uint8Array {
  const colors = new Uint8Array((rows.length / 4) * 3);
  for (let i = 0, o = 0; i < rows.length; i += 4, o += 3) {
    const isVisible = rows[i + 3] !== 0;
    for (let c = 0; c < 3; c++) colors[o + c] = isVisible ? (rows[i + c] as number) : hiddenSample;
  }
  return colors;
}

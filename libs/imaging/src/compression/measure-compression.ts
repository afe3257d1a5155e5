import { toAppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import { decodeVerified } from "../decode/decode-failures.ts";
import { readHeader } from "../decode/inspect.ts";
import { DECODE_TIMEOUT_S } from "../decode/render.ts";
import { sharp } from "../engine/engine.ts";
import type { PictureLimits } from "../limits.ts";
import { type Luminance, measureBlockiness } from "./blockiness.ts";
import { estimateJpegQuality } from "./jpeg-quality.ts";

/** How a picture was compressed, as far as its file tells. */
export type CompressionFacts = {
  /** Of a JPEG: its quality, 1 to 100, as libjpeg counts. */
  readonly jpegQuality: number | undefined;
  /** About 1 without blocks of 8×8 px; see `measureBlockiness`. Undefined if the pixels cannot be decoded. */
  readonly blockiness: number | undefined;
};

/** Side of the middle part whose blocks are measured. */
const cropPx = 512;

/**
 * Estimates how strongly a picture was compressed: from the quantisation table of a JPEG, and from blocks in its middle 512×512 px, which a
 * PNG of a decoded JPEG shows as well. Throws what `inspectPicture` throws. The pixels of a damaged file are not measured.
 */
export async function measureCompression(bytes: Uint8Array, limits: PictureLimits): Promise<CompressionFacts> {
  const { opened, metadata } = await readHeader(bytes, limits);
  const jpegQuality = opened.format === ImageFormat.JPEG ? estimateJpegQuality(bytes) : undefined;
  const { width, height } = metadata;
  const crop = { width: Math.min(cropPx, width), height: Math.min(cropPx, height) };
  const middle = { left: (width - crop.width) >> 1, top: (height - crop.height) >> 1, ...crop };
  try {
    const { data, info } = await decodeVerified(opened, () =>
      sharp(opened.bytes, { ...opened.options, ignoreIcc: true })
        .timeout({ seconds: DECODE_TIMEOUT_S })
        .extract(middle)
        .removeAlpha()
        .toColourspace("b-w")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true }),
    );
    const plane: Luminance = { widthPx: info.width, heightPx: info.height, data };
    return { jpegQuality, blockiness: measureBlockiness(plane) };
  } catch (error) {
    if (!toAppError(error).reason.startsWith("IMAGE_")) throw error;
    return { jpegQuality, blockiness: undefined };
  }
}

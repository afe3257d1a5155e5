import { ImageFormat } from "@pixelmesh/proto";
import { readAvifStructure } from "./avif.ts";
import { readGifStructure } from "./gif.ts";
import { readJpegStructure } from "./jpeg.ts";
import { readPngStructure } from "./png.ts";
import type { Structure } from "./structure.ts";
import { readTiffStructure } from "./tiff.ts";
import { readWebpStructure } from "./webp.ts";

/** Reads the structure of a file of this format. Pure; one pass; never throws. */
export function readStructure(bytes: Uint8Array, format: ImageFormat, maxFrames: number): Structure {
  switch (format) {
    case ImageFormat.JPEG:
      return readJpegStructure(bytes);
    case ImageFormat.PNG:
      return readPngStructure(bytes);
    case ImageFormat.GIF:
      return readGifStructure(bytes, maxFrames);
    case ImageFormat.WEBP:
      return readWebpStructure(bytes, maxFrames);
    case ImageFormat.AVIF:
      return readAvifStructure(bytes);
    case ImageFormat.TIFF:
      return readTiffStructure(bytes);
    default:
      return { frames: 1, truncated: false };
  }
}

import { createInflate } from "node:zlib";
import { AppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import { sharp } from "../engine/engine.ts";
import { toFormatName } from "../formats/format-names.ts";
import { gifLacksPixels } from "../structure/gif.ts";
import { pngChunksOf } from "../structure/png.ts";
import { toView } from "../structure/structure.ts";
import type { OpenedPicture } from "./open-picture.ts";

/** Throws IMAGE_TRUNCATED if the file itself shows that pixels are missing. Some decoders fill them in silently. */
export async function assertPixelsThere(opened: OpenedPicture): Promise<void> {
  const { format, structure, bytes } = opened;
  const lacksPixels = structure.lacksPixels || (format === ImageFormat.GIF && (await gifLacksPixels(bytes)));
  if (lacksPixels) throw lacksPixelsError(opened);
}

/** Returns IMAGE_TRUNCATED with the format's name. */
export function lacksPixelsError({ format }: OpenedPicture): AppError {
  return new AppError("IMAGE_TRUNCATED", `The ${toFormatName(format)} file ends too early`);
}

/**
 * Whether a file that a decoder refuses is only cut off, for decoders that do not report this: the data of a PNG stops before
 * its last row, or a WebP decodes once zeros follow it.
 */
export async function isDataMissing(opened: OpenedPicture): Promise<boolean> {
  if (opened.format === ImageFormat.PNG) return pngDataStops(opened.bytes);
  if (opened.format === ImageFormat.WEBP) return decodesWithZeros(opened);
  return false;
}

/** Whether the deflate stream of a PNG is valid but stops before its end or before the picture's end. */
async function pngDataStops(bytes: Uint8Array): Promise<boolean> {
  const view = toView(bytes);
  const inflate = createInflate();
  let inflated = 0;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  inflate.on("data", (part: Buffer) => {
    inflated += part.length;
  });
  inflate.on("end", () => resolve(inflated < leastBytes(view)));
  // zlib's code for a stream that stops; other codes mean an invalid stream.
  inflate.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "Z_BUF_ERROR"));
  for (const { type, start, length } of pngChunksOf(view)) {
    if (type === "IDAT") inflate.write(bytes.subarray(start + 8, start + 8 + length));
  }
  inflate.end();
  return promise;
}

/** Counts the bytes of a PNG's rows with their filters, without the further filters of an interlaced one. */
function leastBytes(view: DataView): number {
  const samples: Readonly<Record<number, number>> = { 2: 3, 4: 2, 6: 4 };
  const bits = view.getUint8(24) * (samples[view.getUint8(25)] ?? 1);
  return view.getUint32(20) * (1 + Math.ceil((view.getUint32(16) * bits) / 8));
}

const PADDING_BYTES = 1024 * 1024;

async function decodesWithZeros({ bytes, options }: OpenedPicture): Promise<boolean> {
  const view = toView(bytes);
  // The last chunk with pixels of a still picture reaches the end of the file.
  const lastChunk = findLastChunk(view);
  if (lastChunk === undefined) return false;
  const padded = Buffer.concat([bytes, Buffer.alloc(PADDING_BYTES)]);
  padded.writeUInt32LE(padded.length - 8, 4);
  padded.writeUInt32LE(padded.length - lastChunk - 8, lastChunk + 4);
  return sharp(padded, options)
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}

function findLastChunk(view: DataView): number | undefined {
  let last: number | undefined;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    last = at;
    at += 8 + length + (length & 1);
  }
  return last;
}

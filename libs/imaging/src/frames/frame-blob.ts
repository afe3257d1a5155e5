import { AppError } from "@pixelmesh/errors";
import { type ByteSink, createByteSink } from "./byte-sink.ts";
import { type Content, contentOf, contentOfFile } from "./content.ts";
import { FRAME_FILE_HEADER_BYTES } from "./frame-file.ts";
import type { FrameStore } from "./frame-store.ts";
import { isFrameFile, type Raster, rasterBytes, type Shape } from "./raster.ts";

/** The media type of a frame as bytes: a header of 32 bytes, then the pixels in memory order. */
export const FRAME_MEDIA_TYPE = "application/x-pixelmesh-frame";

const MAGIC = "PXMFRAME";
const VERSION = 1;
const HEADER_BYTES = 32;

/**
 * Returns a picture as bytes for the transfer between services: a header, then its pixels from memory or file, not copied.
 * Header, little-endian: "PXMFRAME", u16 version 1, u16 channels, u32 width, u32 height, zeros up to 32.
 */
export async function toFrameBlob(raster: Raster): Promise<Content> {
  const header = toHeader(raster);
  if (!isFrameFile(raster)) return contentOf(header, raster.data);
  const sizeBytes = HEADER_BYTES + rasterBytes(raster);
  const pixels = await contentOfFile(raster.path, FRAME_FILE_HEADER_BYTES, rasterBytes(raster));
  return {
    sizeBytes,
    isFile: true,
    async *parts() {
      yield header;
      yield* pixels.parts();
    },
  };
}

/**
 * Reads a picture from a stream of `sizeBytes` bytes into the frame store. Throws MALFORMED_MESSAGE and keeps nothing unless the
 * bytes are exactly one frame of a known version.
 */
export async function readFrameBlob(
  parts: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  frameStore: FrameStore,
): Promise<Raster> {
  let head: Uint8Array = new Uint8Array(0);
  let shape: Shape | undefined;
  let sink: ByteSink | undefined;
  try {
    for await (const part of parts) {
      let rest = part;
      if (shape === undefined) {
        head = Buffer.concat([head, part]);
        if (head.length < HEADER_BYTES) continue;
        shape = parseHeader(head, sizeBytes);
        rest = head.subarray(HEADER_BYTES);
        sink = await createByteSink(shape, frameStore);
      }
      await sink?.write(rest);
    }
    if (sink === undefined) throw malformed(`at least ${HEADER_BYTES} bytes`, `${head.length}`);
    return await sink.end();
  } catch (error) {
    await sink?.abandon();
    throw error;
  }
}

function toHeader({ widthPx, heightPx, channels }: Shape): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  for (let index = 0; index < MAGIC.length; index++) header[index] = MAGIC.charCodeAt(index);
  view.setUint16(8, VERSION, true);
  view.setUint16(10, channels, true);
  view.setUint32(12, widthPx, true);
  view.setUint32(16, heightPx, true);
  return header;
}

function parseHeader(bytes: Uint8Array, sizeBytes: number): Shape {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw malformed(`to begin with ${MAGIC}`, JSON.stringify(magic));
  const version = view.getUint16(8, true);
  if (version !== VERSION) throw malformed(`version ${VERSION}`, `${version}`);
  const channels = view.getUint16(10, true);
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4)
    throw malformed("1 to 4 channels", `${channels}`);
  const widthPx = view.getUint32(12, true);
  const heightPx = view.getUint32(16, true);
  if (widthPx === 0 || heightPx === 0) throw malformed("sides above 0", `${widthPx}x${heightPx}`);
  const shape = { widthPx, heightPx, channels } as const;
  const length = sizeBytes - HEADER_BYTES;
  if (length !== rasterBytes(shape)) {
    throw malformed(`${rasterBytes(shape)} bytes of pixels for ${widthPx}x${heightPx}x${channels}`, `${length}`);
  }
  return shape;
}

function malformed(form: string, got: string): AppError {
  return new AppError("MALFORMED_MESSAGE", `Expected a raw frame: ${form}, got ${got}`);
}

import { AppError } from "@pixelmesh/errors";
import { createFrame, type Frame } from "./frame.ts";

/** The media type of a frame as bytes: a header of 32 bytes, then the pixels as they lie in memory. */
export const FRAME_MEDIA_TYPE = "application/x-pixelmesh-frame";

const MAGIC = "PXMFRAME";
const VERSION = 1;
const HEADER_BYTES = 32;

/**
 * A frame as bytes for the way between services, as parts to be sent one after the other: the header, then the frame's own
 * memory, not copied. Header, little-endian: "PXMFRAME", u16 version 1, u16 channels, u32 width, u32 height, zeros up to 32.
 */
export function toFrameBlob(frame: Frame): Uint8Array[] {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  for (let index = 0; index < MAGIC.length; index++) header[index] = MAGIC.charCodeAt(index);
  view.setUint16(8, VERSION, true);
  view.setUint16(10, frame.channels, true);
  view.setUint32(12, frame.widthPx, true);
  view.setUint32(16, frame.heightPx, true);
  return [header, frame.data];
}

/**
 * The frame in these bytes, as a view of them. Throws MALFORMED_MESSAGE unless they are exactly one frame of a version
 * that this release knows.
 */
export function parseFrameBlob(bytes: Uint8Array): Frame {
  if (bytes.length < HEADER_BYTES) throw malformed(`at least ${HEADER_BYTES} bytes`, `${bytes.length}`);
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
  const length = widthPx * heightPx * channels;
  if (bytes.length - HEADER_BYTES !== length) {
    throw malformed(
      `${length} bytes of pixels for ${widthPx}x${heightPx}x${channels}`,
      `${bytes.length - HEADER_BYTES}`,
    );
  }
  return createFrame(widthPx, heightPx, channels, bytes.subarray(HEADER_BYTES));
}

function malformed(form: string, got: string): AppError {
  return new AppError("MALFORMED_MESSAGE", `Expected a raw frame: ${form}, got ${got}`);
}

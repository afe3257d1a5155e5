/**
 * The outer structure of a file, read without any library: claimed size, number of frames, whether the end is there. Read before
 * libvips sees the file, so that bombs are refused by their headers.
 */
export type Structure = {
  /** As stored, before orientation; undefined if the format keeps it too deep or the header is cut off. */
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** At least 1. Counting stops one above the limit. */
  readonly frames: number;
  /** The file ends before its structure does. If its pixels are complete, it is decoded with a notice. */
  readonly truncated: boolean;
  /** Pixels are missing for certain, even if a decoder accepts the file. */
  readonly lacksPixels?: boolean;
  /** Bytes to decode instead of the file: the same pixels with the missing end. */
  readonly completed?: Uint8Array;
  /** The area of a GIF's first frame, if it does not cover the canvas. */
  readonly firstFrame?: FrameArea;
  /** The file has more scans or chunks than any real picture, so it would take far too long for its size. */
  readonly tooManyParts?: boolean;
  /** The PNG has compressed text, which libpng would inflate: up to 8 MB a chunk, with any number of chunks. */
  readonly hasCompressedText?: boolean;
};

/** A part of a canvas, in pixels. */
export type FrameArea = {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
};

/** Returns a DataView of the file. */
export function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads four bytes as text: the type of a chunk or box. The caller checks that they exist. */
export function fourCharsAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

/**
 * What the outer structure of a file tells without any library: the size it claims, how many frames it has, whether it
 * ends where it says. Read before libvips sees the file, so that bombs are refused by their headers.
 */
export type Structure = {
  /** As stored, before orientation; undefined where the format keeps it too deep or the header is cut off. */
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** At least 1; counting stops one above the limit. */
  readonly frames: number;
  /** The file ends before its structure does. Its pixels may be there all the same: then it is decoded, with a notice. */
  readonly truncated: boolean;
  /** Pixels are known to be missing, whatever a decoder makes of the file. */
  readonly lacksPixels?: boolean;
  /** What a decoder is given instead of the file: the same pixels with the end that is missing. */
  readonly completed?: Uint8Array;
  /** Where the first frame of a GIF lies on its canvas, where it does not cover it. */
  readonly firstFrame?: FrameArea;
  /** The file has more scans or chunks than any real picture, which costs time out of all proportion to its size. */
  readonly tooManyParts?: boolean;
  /** The PNG has compressed text, which libpng would inflate: up to 8 MB a chunk, without a bound on chunks. */
  readonly hasCompressedText?: boolean;
};

/** Part of a canvas, in pixels. */
export type FrameArea = {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
};

/** A big- and little-endian view of the file, for the readers. */
export function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Four bytes as text: the type of a chunk or box. The caller has checked that they are there. */
export function fourCharsAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

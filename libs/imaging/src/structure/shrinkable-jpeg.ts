import { toView } from "./structure.ts";

/** Factors by which libjpeg can shrink a picture while it decodes: it computes fewer samples of each block. */
export type JpegShrink = 2 | 4 | 8;

/** A JPEG to be shrunk while it is decoded. Its first rows are those of the original. */
export type ShrinkableJpeg = {
  readonly bytes: Uint8Array;
  /** The decoder has to give all these rows, so that missing data of the original's last rows is noticed. Undefined: it notices anyway. */
  readonly decodedRows: number | undefined;
};

/** Rows that libvips asks libjpeg for at once. Before each such strip it looks for warnings of the strips before. */
const STRIP_ROWS = 8;
const MAX_HEIGHT_PX = 65_500;
const MAX_INTERVAL = 65_535;
const BLOCK_PX = 8;

/**
 * Returns the copy of a JPEG that libvips can shrink by this factor and still notice missing data. libvips misses a warning about the
 * last strip, so the copy claims more rows: up to the end of the strip that the picture's last units lie in, and one more. Where the
 * picture ends within a strip, units are needed that fill it. These are the file's own first units, behind a restart marker. Data that
 * is missing before the marker still causes a warning.
 *
 * A progressive file is read whole first and stays as it is. Undefined where this does not work: other coding than Huffman's, several
 * sequential scans, chroma halved in height alone (libjpeg then mixes rows), and, for a picture that ends within a strip, restart
 * markers of its own or more than 65,535 units.
 */
export function toShrinkableJpeg(bytes: Uint8Array, shrink: JpegShrink): ShrinkableJpeg | undefined {
  const header = readHeader(bytes);
  if (header?.isProgressive) return { bytes, decodedRows: undefined };
  if (header === undefined || header.unitPx === undefined) return undefined;
  const { unitPx, widthPx, heightPx } = header;
  const unitRows = Math.ceil(heightPx / unitPx.height);
  const wholeRows = (unitRows * unitPx.height) / shrink;
  const stripEnd = Math.ceil(wholeRows / STRIP_ROWS) * STRIP_ROWS;
  const tallerPx = (stripEnd + 1) * shrink;
  if (tallerPx > MAX_HEIGHT_PX) return undefined;
  const decodedRows = stripEnd + 1;
  if (stripEnd === wholeRows) return { bytes: withHeight(Buffer.from(bytes), header, tallerPx), decodedRows };
  const units = unitRows * Math.ceil(widthPx / unitPx.width);
  const missingRows = Math.ceil(((stripEnd - wholeRows) * shrink) / unitPx.height);
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\xff\xd9", header.dataAt, "latin1");
  if (header.hasRestarts || units > MAX_INTERVAL || end < 0) return undefined;
  // If these units are denser than four times the average, the decoder warns, and the file is decoded without a factor.
  const dataBytes = end - header.dataAt;
  const fill = Math.min(dataBytes, 4_096 + 4 * Math.ceil((dataBytes * missingRows) / unitRows));
  const copy = Buffer.concat([
    bytes.subarray(0, header.scanAt),
    Uint8Array.of(0xff, 0xdd, 0, 4, units >> 8, units & 255),
    bytes.subarray(header.scanAt, end),
    Uint8Array.of(0xff, 0xd0),
    bytes.subarray(header.dataAt, header.dataAt + fill),
    Uint8Array.of(0xff, 0xd9),
  ]);
  return { bytes: withHeight(copy, header, tallerPx), decodedRows };
}

function withHeight(copy: Buffer, { heightAt }: Header, heightPx: number): Buffer {
  copy.writeUInt16BE(heightPx, heightAt);
  return copy;
}

type Header = {
  readonly heightAt: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly isProgressive: boolean;
  /** Pixels of a unit (MCU: ITU-T T.81, A.2) of the only scan. Undefined: there are several scans, or rows may be mixed. */
  readonly unitPx: { readonly width: number; readonly height: number } | undefined;
  readonly hasRestarts: boolean;
  /** Offset of the marker of the first scan, and of the data behind its header. */
  readonly scanAt: number;
  readonly dataAt: number;
};

/** Reads the segments up to the first scan. Undefined if that is missing, or arithmetic or lossless coding is used. */
function readHeader(bytes: Uint8Array): Header | undefined {
  const view = toView(bytes);
  let frameAt: number | undefined;
  let hasRestarts = false;
  for (let at = 2; at + 10 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at += 1;
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xdd) hasRestarts = view.getUint16(at + 4) > 0;
    // SOF0 and SOF1: sequential, Huffman. SOF2: progressive, Huffman.
    if (marker >= 0xc0 && marker <= 0xc2) frameAt = at;
    if (marker !== 0xda) continue;
    if (frameAt === undefined) return undefined;
    const components = bytes[frameAt + 9] ?? 0;
    const start = frameAt + 11;
    const sampling = Array.from({ length: components }, (_, nth) => bytes[start + nth * 3] ?? 0);
    return {
      heightAt: frameAt + 5,
      heightPx: view.getUint16(frameAt + 5),
      widthPx: view.getUint16(frameAt + 7),
      isProgressive: bytes[frameAt + 1] === 0xc2,
      unitPx: bytes[at + 4] === components ? toUnit(sampling) : undefined,
      hasRestarts,
      scanAt: at,
      dataAt: at + 2 + view.getUint16(at + 2),
    };
  }
  return undefined;
}

/** For 4:4:4, 4:2:2, 4:2:0 and grey. With chroma halved in height alone libjpeg mixes rows. */
function toUnit([first = 0, ...others]: readonly number[]): Header["unitPx"] {
  if (others.length === 0) return { width: BLOCK_PX, height: BLOCK_PX };
  const isKnown = [0x11, 0x21, 0x22].includes(first) && others.every((factors) => factors === 0x11);
  return isKnown ? { width: BLOCK_PX * (first >> 4), height: BLOCK_PX * (first & 15) } : undefined;
}

import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { toPlainBytes } from "../../engine/raw-pixels.ts";
import type { Frame } from "../../frames/frame.ts";
import { pngChunk } from "../../structure/png.ts";

const deflateRows = promisify(deflate);

const mostColors = 256;
// Places of colours by their hash: four times as many as colours, so that most are found at once.
const places = 1_024;
// PNG (ISO/IEC 15948, table 11.1): each pixel is an index of a palette.
const indexed = 3;

/**
 * Encodes an opaque frame of at most 256 colours as PNG with a palette: a byte for each pixel instead of three, without filters. Its pixels are those of the
 * frame. Returns undefined for a frame of more colours or of other channels than red, green and blue.
 */
export async function encodeIndexedPng({ data, widthPx, heightPx, channels }: Frame): Promise<Uint8Array | undefined> {
  if (channels !== 3) return undefined;
  const palette = createPalette();
  const rows = new Uint8Array((widthPx + 1) * heightPx);
  for (let y = 0, from = 0, to = 0; y < heightPx; y++) {
    // The first byte of a row names its filter: 0, none.
    to += 1;
    for (let x = 0; x < widthPx; x++, from += 3, to += 1) {
      const color = ((data[from] as number) << 16) | ((data[from + 1] as number) << 8) | (data[from + 2] as number);
      const index = palette.indexOf(color);
      if (index < 0) return undefined;
      rows[to] = index;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([8, indexed, 0, 0, 0], 8);
  return toPlainBytes(
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      pngChunk("IHDR", header),
      pngChunk("PLTE", palette.bytes()),
      pngChunk("IDAT", await deflateRows(rows, { level: 2 })),
      pngChunk("IEND", new Uint8Array(0)),
    ]),
  );
}

/** Creates an empty palette, which numbers colours in order of their first use. */
function createPalette() {
  // A colour + 1, and its index.
  const known = new Int32Array(places);
  const indices = new Uint8Array(places);
  const colors: number[] = [];
  return {
    /** Returns the index of a colour of 24 bits, or -1 if 256 others are known. */
    indexOf(color: number): number {
      let place = Math.imul(color, 2_654_435_761) >>> 22;
      while (known[place] !== color + 1) {
        if (known[place] !== 0) {
          place = (place + 1) % places;
          continue;
        }
        if (colors.length === mostColors) return -1;
        known[place] = color + 1;
        indices[place] = colors.length;
        colors.push(color);
      }
      return indices[place] as number;
    },
    /** Returns three bytes for each colour. */
    bytes: () => Uint8Array.from(colors.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255])),
  };
}

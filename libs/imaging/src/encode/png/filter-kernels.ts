import { readFileSync } from "node:fs";

/** The filters of PNG and deflate over a memory, from `kernels/png-filter.ts`. Addresses and lengths are in bytes. */
type FilterFunctions = {
  /** Returns the bytes of scratch memory for rows of `stride` bytes. */
  readonly scratchBytes: (stride: number) => number;
  /** Starts a picture. */
  readonly start: (scratch: number, stride: number) => void;
  /** Filters rows in order: exactly `filterRow`. Writes up to 15 bytes behind the last one. */
  readonly filterRows: (
    rows: number,
    count: number,
    stride: number,
    pixelBytes: number,
    scratch: number,
    out: number,
  ) => void;
  /** Continues an Adler-32 checksum, which is 1 before the first byte. */
  readonly adler32: (checksum: number, at: number, length: number) => number;
  /** Deflates bytes. Returns the length of the result, at most `mostDeflatedBytes`, and may write `spareBytes` behind it. */
  readonly deflate: (from: number, length: number, to: number) => number;
};

/** Filters the rows of one picture, and compresses them. */
export type RowFilter = {
  /** Begins the picture again: the next row is filtered as the first one. */
  restart(): void;
  /** Returns `count` rows, each behind the number of its filter. The bytes are overwritten by the next call. */
  filter(rows: Uint8Array, count: number): Uint8Array<ArrayBuffer>;
  /** Continues an Adler-32 checksum (RFC 1950; 1 before the first byte) with bytes that `filter` returned. */
  adler32(checksum: number, filtered: Uint8Array): number;
  /**
   * Returns bytes that `filter` returned as blocks of a deflate stream (RFC 1951), none of which is the last. They end at a byte and refer to no bytes before
   * them, so results in a row are one stream. Only runs of equal bytes are compressed: filtered photographs have hardly any other repetition. The
   * bytes are overwritten by the next call.
   */
  deflate(filtered: Uint8Array): Uint8Array<ArrayBuffer>;
};

/** The last block of a deflate stream, without bytes (RFC 1951, clause 3.2.6). */
export const lastBlock = Uint8Array.of(0x03, 0x00);

const pageBytes = 65_536;
const spareBytes = 64;
const module = new WebAssembly.Module(readFileSync(new URL("../../kernels/png-filter.wasm", import.meta.url)));

/** Memory that no picture uses now. */
const spares: WebAssembly.Memory[] = [];
const maxSpares = 4;
const keptBytes = 4 * 2 ** 20;

/** The rows that a filter takes. */
export type FilterShape = {
  readonly stride: number;
  readonly pixelBytes: number;
  /** Most rows of one call. */
  readonly rowsAtOnce: number;
};

/** Opens a filter for at most `rowsAtOnce` rows of `stride` bytes at a time. `close` ends its use, and that of the bytes that it returned. */
export function openRowFilter(shape: FilterShape): RowFilter & { close(): void } {
  const memory = spares.pop() ?? new WebAssembly.Memory({ initial: 1 });
  return {
    ...createFilter(memory, shape),
    close() {
      if (memory.buffer.byteLength <= keptBytes && spares.length < maxSpares) spares.push(memory);
    },
  };
}

/** No code is longer than 12 bits, and the head of a block of 64 KiB has less than 600 bytes. */
function mostDeflatedBytes(length: number): number {
  return Math.ceil((length * 12) / 8) + 600 * (1 + Math.ceil(length / 65_536));
}

function createFilter(memory: WebAssembly.Memory, { stride, pixelBytes, rowsAtOnce }: FilterShape): RowFilter {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as FilterFunctions;
  // The first page belongs to the compiler of the kernels.
  const scratch = pageBytes;
  const rowsAt = scratch + kernels.scratchBytes(stride) + spareBytes;
  const out = rowsAt + rowsAtOnce * stride + spareBytes;
  const filteredBytes = rowsAtOnce * (stride + 1);
  const deflated = out + filteredBytes + spareBytes;
  const missing = deflated + mostDeflatedBytes(filteredBytes) + spareBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  kernels.start(scratch, stride);
  return {
    restart: () => kernels.start(scratch, stride),
    filter(rows, count) {
      new Uint8Array(memory.buffer, rowsAt, rows.length).set(rows);
      kernels.filterRows(rowsAt, count, stride, pixelBytes, scratch, out);
      return new Uint8Array(memory.buffer, out, count * (stride + 1));
    },
    adler32: (checksum, { byteOffset, length }) => kernels.adler32(checksum, byteOffset, length) >>> 0,
    deflate: ({ byteOffset, length }) =>
      new Uint8Array(memory.buffer, deflated, kernels.deflate(byteOffset, length, deflated)),
  };
}

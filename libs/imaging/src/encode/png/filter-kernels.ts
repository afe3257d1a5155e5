import { readFileSync } from "node:fs";

/** The filters of PNG over a memory, from `kernels/png-filter.ts`. Addresses and lengths are in bytes. */
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
};

/** Filters the rows of one picture. */
export type RowFilter = {
  /** Begins the picture again: the next row is filtered as the first one. */
  restart(): void;
  /** Returns `count` rows, each behind the number of its filter. The bytes are overwritten by the next call with the same slot (default 0). */
  filter(rows: Uint8Array, count: number, slot?: number): Uint8Array<ArrayBuffer>;
  /** Continues an Adler-32 checksum (RFC 1950; 1 before the first byte) with bytes that `filter` returned. */
  adler32(checksum: number, filtered: Uint8Array): number;
};

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
  /** Results that are kept at a time; default 1. */
  readonly slots?: number;
};

/** Runs `act` with a filter for at most `rowsAtOnce` rows of `stride` bytes at a time. */
export async function withRowFilter<T>(shape: FilterShape, act: (filter: RowFilter) => Promise<T>): Promise<T> {
  const memory = spares.pop() ?? new WebAssembly.Memory({ initial: 1 });
  try {
    return await act(createFilter(memory, shape));
  } finally {
    if (memory.buffer.byteLength <= keptBytes && spares.length < maxSpares) spares.push(memory);
  }
}

function createFilter(
  memory: WebAssembly.Memory,
  { stride, pixelBytes, rowsAtOnce, slots = 1 }: FilterShape,
): RowFilter {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as FilterFunctions;
  // The first page belongs to the compiler of the kernels.
  const scratch = pageBytes;
  const rowsAt = scratch + kernels.scratchBytes(stride) + spareBytes;
  const out = rowsAt + rowsAtOnce * stride + spareBytes;
  const slotBytes = rowsAtOnce * (stride + 1) + spareBytes;
  const missing = out + slots * slotBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  kernels.start(scratch, stride);
  return {
    restart: () => kernels.start(scratch, stride),
    filter(rows, count, slot = 0) {
      const to = out + slot * slotBytes;
      new Uint8Array(memory.buffer, rowsAt, rows.length).set(rows);
      kernels.filterRows(rowsAt, count, stride, pixelBytes, scratch, to);
      return new Uint8Array(memory.buffer, to, count * (stride + 1));
    },
    adler32: (checksum, { byteOffset, length }) => kernels.adler32(checksum, byteOffset, length) >>> 0,
  };
}

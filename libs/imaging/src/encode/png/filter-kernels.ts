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
};

/** Filters the rows of one picture. */
export type RowFilter = {
  /** Begins the picture again: the next row is filtered as the first one. */
  restart(): void;
  /** Returns `count` rows, each behind the number of its filter. The bytes are overwritten by the next call. */
  filter(rows: Uint8Array, count: number): Uint8Array<ArrayBuffer>;
};

const pageBytes = 65_536;
const spareBytes = 64;
const module = new WebAssembly.Module(readFileSync(new URL("../../kernels/png-filter.wasm", import.meta.url)));

/** Memory that no picture uses now. */
const spares: WebAssembly.Memory[] = [];
const maxSpares = 4;
const keptBytes = 4 * 2 ** 20;

/** Runs `act` with a filter for at most `rowsAtOnce` rows of `stride` bytes at a time. */
export async function withRowFilter<T>(
  shape: { readonly stride: number; readonly pixelBytes: number; readonly rowsAtOnce: number },
  act: (filter: RowFilter) => Promise<T>,
): Promise<T> {
  const memory = spares.pop() ?? new WebAssembly.Memory({ initial: 1 });
  try {
    return await act(createFilter(memory, shape));
  } finally {
    if (memory.buffer.byteLength <= keptBytes && spares.length < maxSpares) spares.push(memory);
  }
}

function createFilter(
  memory: WebAssembly.Memory,
  { stride, pixelBytes, rowsAtOnce }: Parameters<typeof withRowFilter>[0],
): RowFilter {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as FilterFunctions;
  // The first page belongs to the compiler of the kernels.
  const scratch = pageBytes;
  const rowsAt = scratch + kernels.scratchBytes(stride) + spareBytes;
  const out = rowsAt + rowsAtOnce * stride + spareBytes;
  const missing = out + rowsAtOnce * (stride + 1) + spareBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  kernels.start(scratch, stride);
  return {
    restart: () => kernels.start(scratch, stride),
    filter(rows, count) {
      new Uint8Array(memory.buffer, rowsAt, rows.length).set(rows);
      kernels.filterRows(rowsAt, count, stride, pixelBytes, scratch, out);
      return new Uint8Array(memory.buffer, out, count * (stride + 1));
    },
  };
}

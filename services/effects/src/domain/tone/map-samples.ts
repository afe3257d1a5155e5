import { byteKernels } from "../../kernels/byte-kernels.ts";
import { type RowPainter, type StageContext, toRowPainter } from "../rows/rows.ts";

const pairTableBytes = 65_536 * 2;

/**
 * Returns a painter for an effect that maps each sample of red, green and blue on its own, without its neighbours. Where rows are bytes on both
 * sides it maps them by tables: the painter that `createPainter` returns paints all 256 bytes once, so the bytes are its own. Else it is that painter.
 */
export function mapSamples(context: StageContext, createPainter: (context: StageContext) => RowPainter): RowPainter {
  const { space, shape, from: given, to: wanted } = context;
  if (given !== "bytes" || wanted !== "bytes") return createPainter(context);
  const { pairTable, mapPairs, complement } = space.use(byteKernels);
  const tables = toTables(context, createPainter);
  const { channels } = shape;
  if (tables.every(isComplement))
    return toRowPainter(shape, (from, to, pixels) => complement(from, pixels * channels, to));
  const [red, green, blue] = tables.map((table) => space.constant(table)) as [number, number, number];
  const known = new Map<string, number>();
  const pairsOf = (first: number, second: number): number => {
    const key = `${first} ${second}`;
    const address = known.get(key) ?? space.allocate(pairTableBytes);
    if (!known.has(key)) pairTable(first, second, address);
    known.set(key, address);
    return address;
  };
  // Alpha is written by the stage.
  const [first, second, third] = [pairsOf(red, green), pairsOf(blue, red), pairsOf(green, blue)];
  return toRowPainter(shape, (from, to, pixels) => mapPairs(from, channels, pixels, first, second, third, to));
}

/** Returns the bytes of red, green and blue for each byte. Equal tables are the same. */
function toTables(context: StageContext, createPainter: (context: StageContext) => RowPainter): readonly Uint8Array[] {
  const { space } = context;
  const shape = { widthPx: 256, heightPx: 1, channels: 3 } as const;
  const paint = createPainter({ ...context, shape });
  const [row, out] = [space.allocate(3 * 256), space.allocate(3 * 256)];
  space.bytes(row, 3 * 256).set(Uint8Array.from({ length: 3 * 256 }, (_, i) => Math.floor(i / 3)));
  paint(row, out, 0);
  const bytes = space.bytes(out, 3 * 256).slice();
  const tables: Uint8Array[] = [];
  for (const channel of [0, 1, 2]) {
    const table = Uint8Array.from({ length: 256 }, (_, byte) => bytes[3 * byte + channel] as number);
    tables.push(tables.find((known) => Buffer.compare(known, table) === 0) ?? table);
  }
  return tables;
}

function isComplement(table: Uint8Array): boolean {
  return table.every((value, byte) => value === 255 - byte);
}

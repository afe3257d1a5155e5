import { type Structure, toView } from "./structure.ts";

const MAX_ENTRIES = 4_096;
const WIDTH = 256;
const HEIGHT = 257;
const PROFILE = 34_675;
/** Tags of offsets and byte counts: of strips, then of tiles. */
const DATA_TAGS = [
  [273, 279],
  [324, 325],
] as const;

type Directory = { readonly view: DataView; readonly isLittle: boolean; readonly entries: ReadonlyMap<number, number> };

/** Reads the structure of a TIFF's first picture: its size; truncated if directory or pixels lie beyond the file's end. */
export function readTiffStructure(bytes: Uint8Array): Structure {
  const directory = readDirectory(bytes);
  if (!directory) return { frames: 1, truncated: true };
  const [widthPx] = valuesOf(directory, WIDTH);
  const [heightPx] = valuesOf(directory, HEIGHT);
  const lacksPixels = DATA_TAGS.some(([offsets, counts]) => {
    const sizes = valuesOf(directory, counts);
    return valuesOf(directory, offsets).some((offset, at) => offset + (sizes[at] ?? 0) > bytes.length);
  });
  return {
    ...(widthPx && heightPx ? { widthPx, heightPx } : {}),
    frames: 1,
    truncated: lacksPixels,
    lacksPixels,
  };
}

/** Returns a copy of a TIFF with its profile replaced; undefined if it has none. */
export function replaceTiffProfile(bytes: Uint8Array, profile: Uint8Array): Uint8Array | undefined {
  const directory = readDirectory(bytes);
  const entry = directory?.entries.get(PROFILE);
  if (!directory || entry === undefined) return undefined;
  const copy = Buffer.alloc(bytes.length + (bytes.length & 1) + profile.length);
  copy.set(bytes);
  const at = copy.length - profile.length;
  copy.set(profile, at);
  const view = toView(copy);
  view.setUint32(entry + 4, profile.length, directory.isLittle);
  view.setUint32(entry + 8, at, directory.isLittle);
  return copy;
}

/** Reads the first directory: offsets of its entries by tag. Undefined if it does not fit the file. Layout: TIFF 6.0, section 2. */
function readDirectory(bytes: Uint8Array): Directory | undefined {
  if (bytes.length < 8) return undefined;
  const view = toView(bytes);
  const isLittle = bytes[0] === 0x49;
  const start = view.getUint32(4, isLittle);
  if (start + 2 > bytes.length) return undefined;
  const count = view.getUint16(start, isLittle);
  if (count > MAX_ENTRIES || start + 2 + count * 12 > bytes.length) return undefined;
  const entries = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const entry = start + 2 + index * 12;
    entries.set(view.getUint16(entry, isLittle), entry);
  }
  return { view, isLittle, entries };
}

const typeBytes: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
]);

/** Returns the values of a tag of type BYTE, SHORT or LONG; none if it is missing, of another type, or beyond the file. */
function valuesOf({ view, isLittle, entries }: Directory, tag: number): number[] {
  const entry = entries.get(tag);
  if (entry === undefined) return [];
  const size = typeBytes.get(view.getUint16(entry + 2, isLittle));
  const count = view.getUint32(entry + 4, isLittle);
  if (size === undefined) return [];
  const start = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, isLittle);
  if (start + count * size > view.byteLength) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
  });
}

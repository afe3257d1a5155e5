import { findBox } from "./boxes.ts";
import { toView } from "./structure.ts";

/** An extent of an item in `iloc`. */
export type Extent = {
  readonly isInFile: boolean;
  readonly base: number;
  readonly offset: number;
  readonly length: number;
  /** Positions of base and offset in the box. */
  readonly baseAt: number;
  readonly offsetAt: number;
  readonly baseBytes: number;
  readonly offsetBytes: number;
};

/** Yields the extents of an `iloc` box, as far as it is valid. Layout: ISO/IEC 14496-12, 8.11.3. */
export function* extentsOf(view: DataView, body: number, end: number): Generator<Extent> {
  if (body + 6 > end) return;
  const version = view.getUint8(body);
  const sizes = view.getUint16(body + 4);
  const [offsetBytes, lengthBytes, baseBytes] = [(sizes >> 12) & 15, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  let at = body + 6;
  let isOver = false;
  const read = (length: number): number => {
    if (at + length > end) isOver = true;
    const value = isOver || length === 0 ? 0 : readUint(view, at, length);
    at += length;
    return value;
  };
  for (let items = read(version < 2 ? 2 : 4); items > 0 && !isOver; items--) {
    read(version < 2 ? 2 : 4);
    const isInFile = version === 0 || (read(2) & 15) === 0;
    read(2);
    const baseAt = at;
    const base = read(baseBytes);
    for (let left = read(2); left > 0 && !isOver; left--) {
      read(indexBytes);
      const offsetAt = at;
      const offset = read(offsetBytes);
      const length = read(lengthBytes);
      if (!isOver) yield { isInFile, base, offset, length, baseAt, offsetAt, baseBytes, offsetBytes };
    }
  }
}

/** Returns the end of the furthest data of an AVIF's items in the file; 0 if there is none. */
export function extentsEndAt(bytes: Uint8Array): number {
  const view = toView(bytes);
  const iloc = findBox(view, 0, bytes.length, "meta", "iloc");
  let endAt = 0;
  if (!iloc) return endAt;
  for (const { isInFile, base, offset, length } of extentsOf(view, iloc.body, iloc.end)) {
    if (isInFile) endAt = Math.max(endAt, base + offset + length);
  }
  return endAt;
}

function readUint(view: DataView, at: number, length: number): number {
  if (length === 8) return Number(view.getBigUint64(at));
  if (length === 4) return view.getUint32(at);
  return length === 2 ? view.getUint16(at) : view.getUint8(at);
}

import { fourCharsAt } from "./structure.ts";

/** A box of an ISO base media file. `start` is the offset of its header, `body` of its content, `end` of the next box. */
export type Box = { readonly type: string; readonly start: number; readonly body: number; readonly end: number };

/** Largest number of boxes on one level; a real file has some dozens. */
const MAX_BOXES = 4_096;

/** Yields the boxes between two offsets, up to the first invalid one. Layout: ISO/IEC 14496-12, 4.2. */
export function* boxesOf(view: DataView, from: number, to: number): Generator<Box> {
  let start = from;
  for (let count = 0; start + 8 <= to && count < MAX_BOXES; count++) {
    let length = view.getUint32(start);
    let body = start + 8;
    if (length === 1) {
      if (start + 16 > to) return;
      length = Number(view.getBigUint64(start + 8));
      body = start + 16;
    } else if (length === 0) {
      length = to - start;
    }
    const end = start + length;
    if (end < body || end > to) return;
    yield { type: fourCharsAt(view, start + 4), start, body, end };
    start = end;
  }
}

/** Returns the first box under `path`, such as meta, iprp, ipco. */
export function findBox(view: DataView, from: number, to: number, ...path: readonly string[]): Box | undefined {
  const [name, ...rest] = path;
  for (const box of boxesOf(view, from, to)) {
    if (box.type !== name) continue;
    if (rest.length === 0) return box;
    return findBox(view, box.body + headBytes(name), box.end, ...rest);
  }
  return undefined;
}

/** Returns the bytes between a container's header and its children: version and flags, counts, or a sample entry's fields. */
function headBytes(type: string): number {
  if (type === "meta" || type === "iref") return 4;
  if (type === "stsd") return 8;
  return type === "av01" ? 78 : 0;
}

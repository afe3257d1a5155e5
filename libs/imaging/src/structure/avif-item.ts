import { type Box, boxesOf, findBox } from "./boxes.ts";
import { fourCharsAt, toView } from "./structure.ts";

/** Colour as H.273 code points, from a `colr` box of type nclx. */
export type Nclx = { readonly primaries: number; readonly transfer: number; readonly hasProfile: boolean };

/** Properties and references of an AVIF's primary item that its decoder does not apply. */
export type AvifItem = {
  /** Code points of the primary item; undefined without an nclx box. */
  readonly nclx: Nclx | undefined;
  /** Whether the colours are multiplied by alpha (`prem`, ISO/IEC 23008-12). */
  readonly isPremultiplied: boolean;
};

/** Reads the primary item of an AVIF. A missing or broken item gives no properties. Never throws. */
export function readAvifItem(bytes: Uint8Array): AvifItem {
  const view = toView(bytes);
  const layout = readLayout(bytes);
  if (!layout) return { nclx: undefined, isPremultiplied: false };
  let nclx: Omit<Nclx, "hasProfile"> | undefined;
  let hasProfile = false;
  for (const { type, body, end } of layout.properties) {
    if (type !== "colr" || body + 4 > end) continue;
    const kind = fourCharsAt(view, body);
    if (kind === "prof" || kind === "rICC") hasProfile = true;
    else if (kind === "nclx" && body + 11 <= end) {
      nclx ??= { primaries: view.getUint16(body + 4), transfer: view.getUint16(body + 6) };
    }
  }
  return { nclx: nclx && { ...nclx, hasProfile }, isPremultiplied: layout.isPremultiplied };
}

/** Where an AVIF keeps its primary item's properties. */
export type AvifLayout = {
  readonly meta: Box;
  readonly iprp: Box;
  readonly ipco: Box;
  readonly ipma: Box;
  readonly iloc: Box;
  /** Offset of the primary item's entry in ipma: its count of associations. */
  readonly countAt: number;
  readonly hasWideIndex: boolean;
  readonly propertyCount: number;
  readonly properties: readonly Box[];
  readonly isPremultiplied: boolean;
};

/** Returns the layout of a file; undefined if a required box is missing or invalid. */
export function readLayout(bytes: Uint8Array): AvifLayout | undefined {
  const view = toView(bytes);
  const meta = findBox(view, 0, bytes.length, "meta");
  if (!meta) return undefined;
  const inMeta = (...path: string[]) => findBox(view, meta.body + 4, meta.end, ...path);
  const [pitm, iprp, iloc] = [inMeta("pitm"), inMeta("iprp"), inMeta("iloc")];
  const [ipco, ipma, iref] = [inMeta("iprp", "ipco"), inMeta("iprp", "ipma"), inMeta("iref")];
  if (!pitm || !iprp || !iloc || !ipco || !ipma || pitm.body + 6 > pitm.end) return undefined;
  const primary =
    view.getUint8(pitm.body) === 0 ? view.getUint16(pitm.body + 4) : readUint32(view, pitm.body + 4, pitm);
  const all = [...boxesOf(view, ipco.body, ipco.end)];
  const entry = findAssociations(view, ipma, primary);
  if (!entry) return undefined;
  const properties = entry.indices.flatMap((index) => all[index - 1] ?? []);
  const isPremultiplied = iref !== undefined && hasPremultiplied(view, iref, primary);
  const { countAt, hasWideIndex } = entry;
  return {
    meta,
    iprp,
    ipco,
    ipma,
    iloc,
    countAt,
    hasWideIndex,
    propertyCount: all.length,
    properties,
    isPremultiplied,
  };
}

function readUint32(view: DataView, at: number, { end }: Box): number {
  return at + 4 <= end ? view.getUint32(at) : 0;
}

type Associations = { readonly countAt: number; readonly hasWideIndex: boolean; readonly indices: readonly number[] };

function findAssociations(view: DataView, ipma: Box, item: number): Associations | undefined {
  if (ipma.body + 8 > ipma.end) return undefined;
  const idBytes = view.getUint8(ipma.body) === 0 ? 2 : 4;
  const hasWideIndex = (view.getUint8(ipma.body + 3) & 1) === 1;
  const indexBytes = hasWideIndex ? 2 : 1;
  let at = ipma.body + 8;
  for (let left = view.getUint32(ipma.body + 4); left > 0 && at + idBytes + 1 <= ipma.end; left--) {
    const id = idBytes === 2 ? view.getUint16(at) : view.getUint32(at);
    const countAt = at + idBytes;
    const count = view.getUint8(countAt);
    at = countAt + 1 + count * indexBytes;
    if (at > ipma.end) return undefined;
    if (id !== item) continue;
    const indices = Array.from({ length: count }, (_, nth) =>
      hasWideIndex ? view.getUint16(countAt + 1 + nth * 2) & 0x7fff : view.getUint8(countAt + 1 + nth) & 0x7f,
    );
    return { countAt, hasWideIndex, indices };
  }
  return undefined;
}

function hasPremultiplied(view: DataView, iref: Box, item: number): boolean {
  if (iref.body + 4 > iref.end) return false;
  const isWide = view.getUint8(iref.body) !== 0;
  for (const { type, body, end } of boxesOf(view, iref.body + 4, iref.end)) {
    if (type !== "prem" || body + (isWide ? 4 : 2) > end) continue;
    if ((isWide ? view.getUint32(body) : view.getUint16(body)) === item) return true;
  }
  return false;
}

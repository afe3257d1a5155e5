import { extentsOf } from "./avif-extents.ts";
import { readLayout } from "./avif-item.ts";
import { type Box, findBox } from "./boxes.ts";
import { fourCharsAt, toView } from "./structure.ts";

/** Major brands by which libvips recognises a HEIF file. */
const KNOWN_BRANDS = ["avif", "mif1", "heic", "heix", "hevc", "heim", "heis", "hevm", "hevs", "msf1"];

/**
 * Returns the AVIF as a still picture that libvips accepts: an image sequence (`avis`) gets the brand of a still one and loses
 * its tracks. Returns the same bytes if no change is needed.
 */
export function toStillAvif(bytes: Uint8Array): Uint8Array {
  const view = toView(bytes);
  const moov = findBox(view, 0, bytes.length, "moov");
  const brand = fourCharsAt(view, 8);
  if (!moov && KNOWN_BRANDS.includes(brand)) return bytes;
  const still = Buffer.from(bytes);
  still.write("avif", 8, "latin1");
  for (let at = 16; at + 4 <= Math.min(bytes.length, view.getUint32(0)); at += 4) {
    if (["avis", "msf1"].includes(fourCharsAt(view, at))) still.write("mif1", at, "latin1");
  }
  if (moov) still.write("free", moov.start + 4, "latin1");
  return still;
}

/** Returns a copy of an AVIF whose primary item also has this profile; undefined as for `addColorBox`. */
export function embedAvifProfile(bytes: Uint8Array, profile: Uint8Array): Uint8Array | undefined {
  return addColorBox(bytes, Buffer.concat([Buffer.from("prof", "latin1"), profile]));
}

/**
 * Returns a copy of an AVIF whose primary item has an additional `colr` box with this content: a property, its association, and
 * shifted offsets of the data behind. Undefined for a layout without space for it.
 */
export function addColorBox(bytes: Uint8Array, content: Uint8Array): Uint8Array | undefined {
  const layout = readLayout(bytes);
  if (!layout) return undefined;
  const { meta, iprp, ipco, ipma, iloc, countAt, hasWideIndex, propertyCount } = layout;
  const index = propertyCount + 1;
  const count = bytes[countAt] ?? 0;
  if (count === 255 || index > (hasWideIndex ? 0x7fff : 0x7f)) return undefined;

  const property = Buffer.alloc(8 + content.length);
  property.writeUInt32BE(property.length, 0);
  property.write("colr", 4, "latin1");
  property.set(content, 8);
  const association = hasWideIndex ? Buffer.from([index >> 8, index & 255]) : Buffer.from([index]);
  const associationAt = countAt + 1 + count * association.length;

  const head = Buffer.from(bytes.subarray(0, meta.end));
  const grown = property.length + association.length;
  head[countAt] = count + 1;
  const sizes: readonly (readonly [Box, number])[] = [
    [meta, grown],
    [iprp, grown],
    [ipco, property.length],
    [ipma, association.length],
  ];
  for (const [box, more] of sizes) if (!growBox(head, box, more)) return undefined;
  if (!shiftOffsets(head, iloc, meta.end, grown)) return undefined;
  const inserts = [
    { at: ipco.end, part: property },
    { at: associationAt, part: association },
  ].sort((a, b) => a.at - b.at);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { at, part } of inserts) {
    parts.push(head.subarray(from, at), part);
    from = at;
  }
  return Buffer.concat([...parts, head.subarray(from), bytes.subarray(meta.end)]);
}

/** Enlarges a box. Returns false for a box with a 64-bit size, which no small box has. */
function growBox(head: Buffer, { start }: Box, more: number): boolean {
  const size = head.readUInt32BE(start);
  if (size === 1) return false;
  if (size !== 0) head.writeUInt32BE(size + more, start);
  return true;
}

/** Shifts the offsets in `iloc` that point behind `behind`. Returns false if a new value does not fit its field. */
function shiftOffsets(head: Buffer, { body, end }: Box, behind: number, by: number): boolean {
  const shiftedBases = new Set<number>();
  try {
    for (const extent of extentsOf(toView(head), body, end)) {
      const { isInFile, base, offset, baseAt, offsetAt, baseBytes, offsetBytes } = extent;
      if (!isInFile || base + offset < behind || shiftedBases.has(baseAt)) continue;
      if (base >= behind) {
        shiftedBases.add(baseAt);
        writeUint(head, base + by, baseAt, baseBytes);
      } else {
        writeUint(head, offset + by, offsetAt, offsetBytes);
      }
    }
    return true;
  } catch {
    return false;
  }
}

function writeUint(head: Buffer, value: number, at: number, length: number): void {
  if (length === 8) head.writeBigUInt64BE(BigInt(value), at);
  else head.writeUIntBE(value, at, length);
}

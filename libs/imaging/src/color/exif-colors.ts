import type { ColorDeclaration } from "./declared-colors.ts";
import { adobePrimaries } from "./primaries.ts";
import { powerTransfer } from "./transfer.ts";

const EXIF_IFD = 0x8769;
const COLOR_SPACE = 0xa001;
const INTEROPERABILITY_IFD = 0xa005;
const INTEROPERABILITY_INDEX = 1;
const MAX_ENTRIES = 512;

/**
 * Reads the colours from EXIF: Adobe RGB if the file follows DCF 2.0's optional file (interoperability index R03), or has
 * ColorSpace 2, as some cameras write. Undefined for sRGB and for everything else. Never throws.
 */
export function readExifColors(exif: Uint8Array | undefined): ColorDeclaration | undefined {
  if (!exif) return undefined;
  const start = Buffer.from(exif.subarray(0, 6)).toString("latin1") === "Exif\0\0" ? 6 : 0;
  const view = new DataView(exif.buffer, exif.byteOffset + start, exif.byteLength - start);
  if (view.byteLength < 8) return undefined;
  const isLittle = view.getUint16(0) === 0x4949;
  const ifdOf = (at: number, tag: number) => findEntry(view, at, tag, isLittle);
  const offset = (entry: number | undefined) => (entry === undefined ? undefined : view.getUint32(entry + 8, isLittle));
  const exifIfd = offset(ifdOf(view.getUint32(4, isLittle), EXIF_IFD));
  if (exifIfd === undefined) return undefined;
  const space = ifdOf(exifIfd, COLOR_SPACE);
  const interoperability = offset(ifdOf(exifIfd, INTEROPERABILITY_IFD));
  const index = interoperability === undefined ? undefined : ifdOf(interoperability, INTEROPERABILITY_INDEX);
  const isR03 = index !== undefined && view.getUint32(index + 8) === 0x52303300;
  const isAdobe = isR03 || (space !== undefined && view.getUint16(space + 8, isLittle) === 2);
  if (!isAdobe) return undefined;
  const transfer = { name: "gamma 2.2", toLinear: powerTransfer(563 / 256), isHdr: false, isSrgb: false };
  return {
    $case: "declared",
    colors: { name: "Adobe RGB (EXIF)", primaries: adobePrimaries, transfer, isNarrow: false },
  };
}

/** Returns the offset of a tag's entry in the directory at `at`. */
function findEntry(view: DataView, at: number, tag: number, isLittle: boolean): number | undefined {
  if (at + 2 > view.byteLength) return undefined;
  const count = Math.min(MAX_ENTRIES, view.getUint16(at, isLittle));
  for (let entry = at + 2; entry < at + 2 + count * 12 && entry + 12 <= view.byteLength; entry += 12) {
    if (view.getUint16(entry, isLittle) === tag) return entry;
  }
  return undefined;
}

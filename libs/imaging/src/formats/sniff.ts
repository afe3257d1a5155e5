import { ImageFormat } from "@pixelmesh/proto";

/** Returns the format that the first bytes announce, among the accepted ones; undefined for all others. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return ImageFormat.JPEG;
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return ImageFormat.PNG;
  if (hasText(bytes, 0, "GIF87a") || hasText(bytes, 0, "GIF89a")) return ImageFormat.GIF;
  if (hasText(bytes, 0, "RIFF") && hasText(bytes, 8, "WEBP")) return ImageFormat.WEBP;
  if (brandsOf(bytes).some((brand) => brand === "avif" || brand === "avis")) return ImageFormat.AVIF;
  if (startsWith(bytes, [0x49, 0x49, 0x2a, 0x00]) || startsWith(bytes, [0x4d, 0x4d, 0x00, 0x2a]))
    return ImageFormat.TIFF;
  return undefined;
}

const signatures: readonly (readonly [name: string, offset: number, text: string])[] = [
  ["PDF", 0, "%PDF-"],
  ["PostScript", 0, "%!PS"],
  ["BMP", 0, "BM"],
  ["gzip", 0, "\x1f\x8b"],
  ["ZIP", 0, "PK\x03\x04"],
  ["JPEG XL", 0, "\xff\x0a"],
  ["JPEG XL", 4, "JXL "],
  ["JPEG 2000", 4, "jP  "],
  ["JPEG 2000", 0, "\xff\x4f\xff\x51"],
  ["Photoshop document", 0, "8BPS"],
  ["icon", 0, "\0\0\x01\0"],
  ["cursor", 0, "\0\0\x02\0"],
  ["Apple icon", 0, "icns"],
  ["DirectDraw surface", 0, "DDS "],
  ["OpenEXR", 0, "\x76\x2f\x31\x01"],
  ["Radiance HDR", 0, "#?RADIANCE"],
  ["BigTIFF", 0, "II\x2b\0"],
  ["BigTIFF", 0, "MM\0\x2b"],
  ["libvips", 0, "\x08\xf2\xa6\xb6"],
  ["libvips", 0, "\xb6\xa6\xf2\x08"],
  ["Git LFS pointer", 0, "version https://git-lfs"],
  ["MP4 video", 4, "ftyp"],
  ["RIFF", 0, "RIFF"],
];

/** Returns a name for bytes of other formats, for the error's text, such as "SVG" or "PDF"; undefined if they are unknown. */
export function sniffForeignName(bytes: Uint8Array): string | undefined {
  const brands = brandsOf(bytes);
  if (brands.some((brand) => /^(hei[cmsx]|hev[cmsx]|mif1|msf1)$/.test(brand))) return "HEIC";
  for (const [name, offset, text] of signatures) if (hasText(bytes, offset, text)) return name;
  if (/^P[1-7][\s#]/.test(toText(bytes, 3))) return "PNM";
  return sniffMarkup(toText(bytes, 1024));
}

function sniffMarkup(head: string): string | undefined {
  const text = head
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart()
    .toLowerCase();
  if (!text.startsWith("<")) return undefined;
  if (/<svg[\s>]/.test(text)) return "SVG";
  if (/<!doctype html|<html[\s>]|<body[\s>]/.test(text)) return "HTML";
  return "XML";
}

/** Returns the major and compatible brands of an ISO base media file; none if the first box is not `ftyp`. */
function brandsOf(bytes: Uint8Array): string[] {
  if (!hasText(bytes, 4, "ftyp") || bytes.length < 12) return [];
  const boxBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const end = Math.min(bytes.length, boxBytes, 256);
  const brands: string[] = [];
  // Bytes 12 to 15 are the minor version, not a brand.
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) brands.push(toText(bytes.subarray(at), 4));
  return brands;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((value, index) => bytes[index] === value);
}

function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  return true;
}

function toText(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

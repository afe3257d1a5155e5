import { deflateSync } from "node:zlib";
import { ImageFormat } from "@pixelmesh/proto";
import { embedAvifProfile } from "../structure/avif-edit.ts";
import { pngChunk, pngChunksOf } from "../structure/png.ts";
import { toView } from "../structure/structure.ts";
import { replaceTiffProfile } from "../structure/tiff.ts";

const COLOR_CHUNKS = ["cICP", "iCCP", "sRGB", "gAMA", "cHRM"];

/**
 * Returns a copy of a file with this profile. In a PNG it replaces all other colour chunks. Undefined if the format or this file
 * cannot hold a profile.
 */
export function embedProfile(bytes: Uint8Array, format: ImageFormat, profile: Uint8Array): Uint8Array | undefined {
  switch (format) {
    case ImageFormat.PNG:
      return embedPngProfile(bytes, profile);
    case ImageFormat.JPEG:
      return embedJpegProfile(bytes, profile);
    case ImageFormat.AVIF:
      return embedAvifProfile(bytes, profile);
    case ImageFormat.TIFF:
      return replaceTiffProfile(bytes, profile);
    default:
      return undefined;
  }
}

function embedPngProfile(bytes: Uint8Array, profile: Uint8Array): Uint8Array {
  const view = toView(bytes);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  let rest = 8;
  for (const { type, start, end } of pngChunksOf(view)) {
    if (type === "IDAT" || end > view.byteLength) break;
    if (!COLOR_CHUNKS.includes(type)) parts.push(bytes.subarray(start, end));
    if (type === "IHDR") {
      parts.push(pngChunk("iCCP", Buffer.concat([Buffer.from("colours\0\0", "latin1"), deflateSync(profile)])));
    }
    rest = end;
  }
  return Buffer.concat([...parts, bytes.subarray(rest)]);
}

/** Writes an APP2 segment (ICC.1, annex B.4); our profiles fit one. Only for files without a profile. */
function embedJpegProfile(bytes: Uint8Array, profile: Uint8Array): Uint8Array {
  const head = Buffer.from("\xff\xe2\0\0ICC_PROFILE\0\x01\x01", "latin1");
  head.writeUInt16BE(head.length - 2 + profile.length, 2);
  return Buffer.concat([bytes.subarray(0, 2), head, profile, bytes.subarray(2)]);
}

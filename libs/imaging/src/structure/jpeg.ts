import { isFrameHeader, isRestart, jpegMarkersOf } from "./jpeg-markers.ts";
import { createJpegScans } from "./jpeg-scans.ts";
import type { Structure } from "./structure.ts";

// Real progressive encoders write about 10 scans. libjpeg-turbo's advice LJT-01-005 on hostile files is to stop at some
// hundred. Each scan is a pass over all coefficients, so thousands of empty ones make a small file decode for minutes.
const MAX_SCANS = 100;
const END_MARKER = Uint8Array.of(0xff, 0xd9);

/**
 * Reads the structure of a JPEG: size from its frame header, truncated without a scan and an end marker. `lacksPixels`: required
 * scans or restart intervals are missing. `completed`: the file with an end marker, so that the decoder notices missing data.
 */
export function readJpegStructure(bytes: Uint8Array): Structure {
  const scans = createJpegScans();
  let sides: { widthPx: number; heightPx: number } | undefined;
  let hasEnd = false;
  for (const { marker, segment } of jpegMarkersOf(bytes)) {
    if (isRestart(marker)) scans.addRestart();
    else if (marker === 0xd9) hasEnd = true;
    else if (marker === 0xdd) scans.setInterval(segment);
    else if (marker === 0xda) {
      scans.addScan(segment);
      if (scans.count() > MAX_SCANS) return { ...sides, frames: 1, truncated: false, tooManyParts: true };
    } else if (isFrameHeader(marker) && segment.length >= 5) {
      sides ??= { widthPx: uint16(segment, 3), heightPx: uint16(segment, 1) };
      scans.addFrame(marker, segment);
    }
  }
  return {
    ...sides,
    frames: 1,
    truncated: !hasEnd,
    lacksPixels: scans.lackPixels(hasEnd),
    ...(hasEnd || scans.count() === 0 ? {} : { completed: Buffer.concat([bytes, END_MARKER]) }),
  };
}

/**
 * Returns the JPEG with other bytes before its end marker, which a decoder reads if its last scan lacks data. Undefined without
 * an end marker.
 */
export function withTrailingData(bytes: Uint8Array, length: number): Uint8Array | undefined {
  for (const { marker, at } of jpegMarkersOf(bytes)) {
    if (marker !== 0xd9) continue;
    // No 0xff, which would begin a marker, and no long runs of equal bits, which may not be a code.
    const data = Uint8Array.from({ length }, (_, nth) => (Math.imul(nth + 1, 2_654_435_761) >>> 24) & 0x7f);
    return Buffer.concat([bytes.subarray(0, at), data, END_MARKER]);
  }
  return undefined;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

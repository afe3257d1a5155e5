import { createJpegScans } from "./jpeg-scans.ts";
import { type Structure, toView } from "./structure.ts";

// Real progressive encoders write about 10 scans; libjpeg-turbo's advice LJT-01-005 on hostile files is to stop at some
// hundred. Each scan is a pass over all coefficients, so thousands of empty ones make a small file decode for minutes.
const MAX_SCANS = 100;
const END_MARKER = Uint8Array.of(0xff, 0xd9);

/**
 * The structure of a JPEG: size from its frame header, truncated unless a scan and an end marker are there. `lacksPixels`: scans
 * that must follow are missing; `completed`: the file with an end marker, which shows the decoder where data is missing.
 */
export function readJpegStructure(bytes: Uint8Array): Structure {
  const view = toView(bytes);
  const scans = createJpegScans();
  let sides: { widthPx: number; heightPx: number } | undefined;
  const end = (hasEnd: boolean): Structure => ({
    ...sides,
    frames: 1,
    truncated: !hasEnd,
    lacksPixels: scans.lackPixels(hasEnd),
    ...(hasEnd || scans.count() === 0 ? {} : { completed: Buffer.concat([bytes, END_MARKER]) }),
  });
  let at = 2;
  while (true) {
    // Inside a scan every 0xff is followed by 0 (stuffing) or a restart marker; anything else is the next real marker.
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) return end(false);
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
    } else if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
    } else if (marker === 0xd9) {
      return end(true);
    } else {
      if (at + 4 > bytes.length) return end(false);
      const segment = bytes.subarray(at + 4, at + 2 + Math.max(2, view.getUint16(at + 2)));
      if (isFrameHeader(marker) && at + 9 <= bytes.length) {
        sides ??= { widthPx: view.getUint16(at + 7), heightPx: view.getUint16(at + 5) };
        scans.addFrame(marker, segment);
      }
      if (marker === 0xda) {
        scans.addScan(segment);
        if (scans.count() > MAX_SCANS) return { ...sides, frames: 1, truncated: false, tooManyParts: true };
      }
      at += 2 + Math.max(2, view.getUint16(at + 2));
    }
  }
}

/** SOF0 to SOF15, which are 0xc0 to 0xcf but for DHT (c4), JPG (c8) and DAC (cc). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

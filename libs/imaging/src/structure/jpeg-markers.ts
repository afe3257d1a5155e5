import { toView } from "./structure.ts";

/** A marker of a JPEG: its position, and the segment that follows it (empty after a restart or end marker). */
export type JpegMarker = { readonly marker: number; readonly at: number; readonly segment: Uint8Array };

/** Whether a marker is RST0 to RST7. */
export function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

/** Whether a marker is SOF0 to SOF15: 0xc0 to 0xcf except DHT (c4), JPG (c8) and DAC (cc). */
export function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Yields the markers after SOI, in order, up to the end marker or the end of the file. Layout: ITU-T T.81, B.1.1. */
export function* jpegMarkersOf(bytes: Uint8Array): Generator<JpegMarker> {
  const view = toView(bytes);
  let at = 2;
  while (true) {
    // Inside a scan, 0xff is followed by 0 (stuffing) or a restart marker. Any other byte begins the next real marker.
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) return;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
    } else if (marker === 0x00 || marker === 0x01 || marker === 0xd8) {
      at += 2;
    } else if (isRestart(marker) || marker === 0xd9) {
      yield { marker, at, segment: bytes.subarray(0, 0) };
      if (marker === 0xd9) return;
      at += 2;
    } else {
      if (at + 4 > bytes.length) return;
      const end = at + 2 + Math.max(2, view.getUint16(at + 2));
      yield { marker, at, segment: bytes.subarray(at + 4, end) };
      at = end;
    }
  }
}

/** Counts what the scans of a JPEG bring, by their headers alone. Layout: ITU-T T.81, B.2.2 and B.2.3. */
export type JpegScans = {
  /** A frame header's segment; only the first counts. */
  addFrame(marker: number, segment: Uint8Array): void;
  /** A scan header's segment. */
  addScan(segment: Uint8Array): void;
  count(): number;
  /**
   * Whether scans are missing: a component has none, or bits of its coefficients that an earlier scan left for a later one. In a
   * file without its end marker, coefficients that no scan brings count too; with one an encoder may have left them out.
   */
  lackPixels(hasEnd: boolean): boolean;
};

const COEFFICIENTS = 64;
const NOT_SENT = -1;

export function createJpegScans(): JpegScans {
  let isProgressive = false;
  /** By component: how many low bits of each coefficient are still to come. */
  let missingBits: Map<number, Int8Array> | undefined;
  let scans = 0;
  return {
    addFrame(marker, segment) {
      if (missingBits) return;
      // SOF2, 6, 10 and 14.
      isProgressive = (marker & 3) === 2;
      missingBits = new Map();
      for (let nth = 0; nth < (segment[5] ?? 0); nth++) {
        const id = segment[6 + nth * 3];
        if (id !== undefined) missingBits.set(id, new Int8Array(COEFFICIENTS).fill(NOT_SENT));
      }
    },
    addScan(segment) {
      scans += 1;
      const components = segment[0] ?? 0;
      const [first = 0, last = 0, bits = 0] = segment.subarray(1 + components * 2);
      for (let nth = 0; nth < components; nth++) {
        const sent = missingBits?.get(segment[1 + nth * 2] ?? -1);
        if (isProgressive) sent?.fill(bits & 15, first, Math.min(COEFFICIENTS, last + 1));
        else sent?.fill(0);
      }
    },
    count: () => scans,
    lackPixels(hasEnd) {
      if (scans === 0 || !missingBits) return false;
      return [...missingBits.values()].some(
        (bits) => bits[0] === NOT_SENT || bits.some((left) => left > 0 || (left === NOT_SENT && !hasEnd)),
      );
    },
  };
}

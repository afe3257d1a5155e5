/** Checks from their headers alone whether a JPEG's scans are complete. Layout: ITU-T T.81, B.2.2 to B.2.4. */
export type JpegScans = {
  /** Adds a frame header's segment. Only the first one counts. */
  addFrame(marker: number, segment: Uint8Array): void;
  /** Adds a segment that sets the number of units between two restart markers. */
  setInterval(segment: Uint8Array): void;
  /** Adds a scan header's segment. */
  addScan(segment: Uint8Array): void;
  /** Adds a restart marker of the last scan. */
  addRestart(): void;
  count(): number;
  /**
   * Whether scans are missing: a component has none, a scan has too few restart markers, or low bits of coefficients that a scan
   * announced for later never follow. Without an end marker, coefficients that no scan covers count too; with one, the encoder
   * may have left them out.
   */
  lackPixels(hasEnd: boolean): boolean;
};

const COEFFICIENTS = 64;
const NOT_SENT = -1;

type Component = {
  readonly horizontal: number;
  readonly vertical: number;
  /** Number of low bits of each coefficient that have not been read. */
  readonly missingBits: Int8Array;
};

type Frame = {
  readonly isProgressive: boolean;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: ReadonlyMap<number, Component>;
};

/** Creates the check for one file. */
export function createJpegScans(): JpegScans {
  let frame: Frame | undefined;
  let interval = 0;
  let scans = 0;
  let missingRestarts = 0;
  let lacksRestarts = false;
  const endScan = () => {
    if (missingRestarts > 0) lacksRestarts = true;
    missingRestarts = 0;
  };
  return {
    addFrame(marker, segment) {
      frame ??= readFrame(marker, segment);
    },
    setInterval(segment) {
      interval = ((segment[0] ?? 0) << 8) | (segment[1] ?? 0);
    },
    addScan(segment) {
      endScan();
      scans += 1;
      const count = segment[0] ?? 0;
      const [first = 0, last = 0, bits = 0] = segment.subarray(1 + count * 2);
      const components = Array.from({ length: count }, (_, nth) => frame?.components.get(segment[1 + nth * 2] ?? -1));
      for (const component of components) {
        if (frame?.isProgressive) component?.missingBits.fill(bits & 15, first, Math.min(COEFFICIENTS, last + 1));
        else component?.missingBits.fill(0);
      }
      const only = count === 1 ? components[0] : undefined;
      if (frame && interval > 0) missingRestarts = Math.ceil(countUnits(frame, only) / interval) - 1;
    },
    addRestart() {
      missingRestarts -= 1;
    },
    count: () => scans,
    lackPixels(hasEnd) {
      endScan();
      if (scans === 0 || !frame) return false;
      const lacksBits = [...frame.components.values()].some(
        ({ missingBits }) =>
          missingBits[0] === NOT_SENT || missingBits.some((left) => left > 0 || (left === NOT_SENT && !hasEnd)),
      );
      return lacksBits || lacksRestarts;
    },
  };
}

function readFrame(marker: number, segment: Uint8Array): Frame {
  const components = new Map<number, Component>();
  for (let nth = 0; nth < (segment[5] ?? 0); nth++) {
    const [id, sampling = 0x11] = segment.subarray(6 + nth * 3);
    if (id === undefined) break;
    const missingBits = new Int8Array(COEFFICIENTS).fill(NOT_SENT);
    components.set(id, { horizontal: sampling >> 4 || 1, vertical: sampling & 15 || 1, missingBits });
  }
  const [, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0] = segment;
  return {
    // SOF2, 6, 10 and 14.
    isProgressive: (marker & 3) === 2,
    widthPx: (widthHigh << 8) | widthLow,
    heightPx: (heightHigh << 8) | heightLow,
    components,
  };
}

/**
 * Counts the units of restart intervals (T.81, A.2): blocks of the only component of a scan, else blocks of all components
 * together.
 */
function countUnits({ widthPx, heightPx, components }: Frame, only: Component | undefined): number {
  const all = [...components.values()];
  const horizontal = Math.max(1, ...all.map((component) => component.horizontal));
  const vertical = Math.max(1, ...all.map((component) => component.vertical));
  if (!only) return Math.ceil(widthPx / (8 * horizontal)) * Math.ceil(heightPx / (8 * vertical));
  const columns = Math.ceil(Math.ceil((widthPx * only.horizontal) / horizontal) / 8);
  return columns * Math.ceil(Math.ceil((heightPx * only.vertical) / vertical) / 8);
}

import { constants, deflateRaw } from "node:zlib";

/** Deflates the bands of one picture in threads. */
export type BandDeflater = {
  /** Resolves when the bytes of the band that used this slot before are no longer read. */
  whenFree(): Promise<void>;
  /** The slot of the next band, from 0. */
  readonly slot: () => number;
  /** Starts to deflate a band, whose bytes must not change until its slot is free. */
  push(band: Uint8Array<ArrayBuffer>): void;
  /** Resolves to the deflated bands in order. Each ends at a byte, and none has the last block of the stream. */
  results(): Promise<readonly Uint8Array[]>;
  /** Resolves when no band is read any more, also after a failure. */
  ended(): Promise<void>;
};

/**
 * With this strategy zlib looks for runs of equal bytes only. Filtered photographs have hardly any other repetition. A run reaches back one byte,
 * so bands lose nothing by being deflated apart.
 */
export const runsOnly = { level: 3, memLevel: 9, strategy: constants.Z_RLE };

/** zlib's header for a stream of a fast level and a window of 32 KiB (RFC 1950, clause 2.2). */
export const zlibHeader = Uint8Array.of(0x78, 0x5e);
/** The last block of a deflate stream, without bytes (RFC 1951, clause 3.2.6). */
export const lastBlock = Uint8Array.of(0x03, 0x00);

/**
 * Creates a deflater of at most `slots` bands at a time. Bands are deflated apart and end with a sync flush (RFC 1951: an empty stored block), so their
 * results in a row are one stream, as pigz writes it.
 */
export function createBandDeflater(slots: number, bandBytes: number): BandDeflater {
  const running: Promise<Uint8Array>[] = [];
  // A result keeps the memory of its last piece.
  const options = { ...runsOnly, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: bandBytes / 4 };
  const deflate = (band: Uint8Array) =>
    new Promise<Uint8Array>((resolve, reject) => {
      deflateRaw(band, options, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
  return {
    slot: () => running.length % slots,
    async whenFree() {
      await running[running.length - slots];
    },
    push(band) {
      const deflated = deflate(band);
      // `whenFree` and `results` report the failure.
      deflated.catch(() => {});
      running.push(deflated);
    },
    results: () => Promise.all(running),
    async ended() {
      await Promise.allSettled(running);
    },
  };
}

import { type Frame, resizeFrame } from "@pixelmesh/imaging";
import { maxPreviewSidePx, type PreviewSize, previewSize } from "../domain/preview.ts";
import { createIdleCache } from "./idle-cache.ts";
import { createSharedWork } from "./shared-work.ts";
import type { PreviewSource } from "./source.ts";

/** A small copy of a source. */
export type SourceCopy = {
  readonly frame: Frame;
  /** Size of the source itself. */
  readonly source: PreviewSize;
};

/** Decodes a source to a copy that fits a square of `maxPreviewSidePx`. */
export type DecodeCopy = (source: PreviewSource, signal: AbortSignal) => Promise<SourceCopy>;

/** Small copies of sources, decoded once. */
export type SourceCopies = {
  /**
   * Returns the copy of a source that fits a square of `sidePx`, at most `maxPreviewSidePx`, whether the source was decoded for it, and the pixels
   * in bytes of it and of the largest copy, from which other sizes are made.
   * Throws the failures of the decode. Callers must not change the copy.
   */
  get(
    tenant: string,
    source: PreviewSource,
    sidePx: number,
    signal: AbortSignal,
  ): Promise<{ readonly copy: SourceCopy; readonly isDecoded: boolean; readonly keptBytes: number }>;
};

/** Returns the bytes of the pixels of copies, each counted once. */
function bytesOf(...copies: readonly (SourceCopy | undefined)[]): number {
  return [...new Set(copies)].reduce((sum, copy) => sum + (copy?.frame.data.length ?? 0), 0);
}

/** What an entry takes besides its pixels and its key. */
const entryBytes = 512;

/**
 * Creates an empty cache of at most `maxBytes`; the least recently used copies go first. Each source is decoded to its largest copy, from which
 * smaller ones are made: so a source whose bytes were sent once is found again for each size. Callers of the same copy share its decode.
 */
export function createSourceCopies(maxBytes: number, decode: DecodeCopy): SourceCopies {
  const kept = createIdleCache<SourceCopy>(maxBytes, ({ frame }, key) => frame.data.length + key.length + entryBytes);
  const shared = createSharedWork<SourceCopy>();
  const toKey = (tenant: string, { sha256 }: PreviewSource, sidePx: number) => `${tenant}/${sha256}/${sidePx}`;

  /** Makes a copy together with other callers and keeps it. */
  function make(key: string, workKey: string, work: (ended: AbortSignal) => Promise<SourceCopy>, signal: AbortSignal) {
    const makeAndKeep = async (ended: AbortSignal) => {
      const copy = await work(ended);
      kept.set(key, copy);
      return copy;
    };
    return shared.run(workKey, makeAndKeep, signal);
  }
  /** Decodes a source for several calls. The first one, whose bytes these are, may end before the decode begins. */
  async function decodeHeld(source: PreviewSource, ended: AbortSignal): Promise<SourceCopy> {
    const release = source.hold();
    try {
      return await decode(source, ended);
    } finally {
      release();
    }
  }

  return {
    async get(tenant, source, sidePx, signal) {
      const largestKey = toKey(tenant, source, maxPreviewSidePx);
      const key = toKey(tenant, source, sidePx);
      // Both count as used: a later size is made from the largest copy.
      const keptLargest = kept.get(largestKey);
      const found = kept.get(key);
      if (found) return { copy: found, isDecoded: false, keptBytes: bytesOf(found, keptLargest) };
      const isDecoded = keptLargest === undefined;
      // A decode of sent bytes is not shared with one that storage may not have the bytes for.
      const workKey = `${largestKey}/${source.isSent ? "sent" : "stored"}`;
      const largest = keptLargest ?? (await make(largestKey, workKey, (ended) => decodeHeld(source, ended), signal));
      const { widthPx, heightPx } = previewSize(largest.source.widthPx, largest.source.heightPx, sidePx);
      if (largest.frame.widthPx === widthPx && largest.frame.heightPx === heightPx)
        return { copy: largest, isDecoded, keptBytes: bytesOf(largest) };
      const shrink = async () => ({ ...largest, frame: await resizeFrame(largest.frame, widthPx, heightPx) });
      const copy = await make(key, key, shrink, signal);
      return { copy, isDecoded, keptBytes: bytesOf(copy, largest) };
    },
  };
}

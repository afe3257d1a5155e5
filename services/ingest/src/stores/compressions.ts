import { type CompressionFacts, measureCompression, type PictureLimits } from "@pixelmesh/imaging";
import type { Source } from "@pixelmesh/proto";
import { type ByteBudget, collectBytes } from "@pixelmesh/rpc";
import type { BlobClient } from "@pixelmesh/worker";
import { LRUCache } from "lru-cache";

/** Measures how strongly stored pictures were compressed. Throws what reading a blob throws, IMAGE_*, and QUEUE_FULL. */
export type MeasureCompressions = (sources: readonly Source[]) => Promise<ReadonlyMap<string, CompressionFacts>>;

/** Dependencies of `createMeasureCompressions`. */
export type CompressionParts = {
  readonly blobs: Pick<BlobClient, "read">;
  /** The memory for uploads. */
  readonly uploads: ByteBudget;
  readonly limits: PictureLimits;
};

const maxKept = 20_000;
const timeoutMs = 30_000;

/**
 * Creates a function that measures pictures by the names of their sources, one after the other. It keeps the facts of the latest 20,000
 * pictures by digest: jobs of a batch, and variants of one picture, ask for the same ones. One measurement of a picture serves all calls that
 * wait for it.
 */
export function createMeasureCompressions(parts: CompressionParts): MeasureCompressions {
  const kept = new LRUCache<string, Promise<CompressionFacts>>({ max: maxKept });

  function measureOnce(sha256: string): Promise<CompressionFacts> {
    const known = kept.get(sha256);
    if (known) return known;
    const measured = measureStored(parts, sha256);
    kept.set(sha256, measured);
    // A failure may pass by itself.
    measured.catch(() => kept.delete(sha256));
    return measured;
  }

  return async (sources) => {
    const found = new Map<string, CompressionFacts>();
    for (const { name, sha256 } of sources) found.set(name, await measureOnce(sha256));
    return found;
  };
}

async function measureStored({ blobs, uploads, limits }: CompressionParts, sha256: string): Promise<CompressionFacts> {
  const share = uploads.open();
  try {
    const { sizeBytes, parts } = await blobs.read(sha256, limits.maxBytes, AbortSignal.timeout(timeoutMs));
    return await measureCompression(await collectBytes(parts, { maxBytes: limits.maxBytes, share, sizeBytes }), limits);
  } finally {
    share.release();
  }
}

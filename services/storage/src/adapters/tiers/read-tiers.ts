import { AppError, expected } from "@pixelmesh/errors";
import type { BlobStore, OpenBlob } from "../../domain/blob-store.ts";
import { resolveRange } from "../../domain/range.ts";
import type { ColdReader } from "./copy-from-cold.ts";
import type { HotBlob, HotTier } from "./hot-tier.ts";
import type { Pins } from "./pins.ts";
import type { TierCounts } from "./tier-counts.ts";
import type { UseCounter } from "./use-counter.ts";

/** Parts of the tiers that a read uses. */
export type ReadParts = {
  readonly hot: HotTier;
  readonly warm: BlobStore;
  readonly reader: ColdReader;
  readonly pins: Pins;
  readonly uses: UseCounter;
  readonly counts: TierCounts;
  readonly monotonicMs: () => number;
};

/** Reads through the tiers: memory, the disk of this replica, the shared store. */
export type TierReads = Pick<BlobStore, "open" | "readBytes">;

/** Failures of the warm tier after which the shared store is read. A corrupt copy was set aside. */
const passedOn: ReadonlySet<string> = new Set([
  "BLOB_NOT_FOUND",
  "BLOB_CORRUPT",
  "STORAGE_UNAVAILABLE",
  "STORAGE_FULL",
]);
/** Reads by this replica after which a blob is copied to memory. */
const hotUses = 2;

/** Creates the reads. */
export function createTierReads(parts: ReadParts): TierReads {
  const { hot, warm, reader, pins, uses, counts, monotonicMs } = parts;
  const promotions = createPromotions(parts);

  async function readHot(sha256: string): Promise<HotBlob | undefined> {
    const startedMs = monotonicMs();
    const copy = await hot.read(sha256);
    if (copy === undefined) counts.miss("hot");
    else counts.hit("hot", monotonicMs() - startedMs);
    return copy;
  }

  /** Calls `read` on the warm tier, after a copy from the shared store if that is needed. Undefined: the warm tier cannot be used. */
  async function throughWarm<T>(sha256: string, read: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    const startedMs = monotonicMs();
    const found = await orPassedOn(read());
    if (found !== undefined) {
      counts.hit("warm", monotonicMs() - startedMs);
      return found;
    }
    counts.miss("warm");
    try {
      if (!(await reader.copyToWarm(sha256, signal))) return undefined;
      const copied = await orPassedOn(read());
      if (copied === undefined) return undefined;
      counts.promoted("warm");
      counts.hit("cold", monotonicMs() - startedMs);
      return copied;
    } catch (error) {
      counts.miss("cold");
      throw error;
    }
  }

  async function openWarm(sha256: string, offsetBytes: number, lengthBytes: number, signal?: AbortSignal) {
    // Verified before the first chunk, so that a corrupt copy can still be replaced by the shared store's.
    await warm.stat(sha256, 0, { verify: true });
    return await warm.open(sha256, offsetBytes, lengthBytes, signal);
  }

  return {
    async open(sha256, offsetBytes, lengthBytes, signal) {
      const copy = await readHot(sha256);
      if (copy !== undefined) {
        const opened = openHot(copy, offsetBytes, lengthBytes);
        uses.add(sha256);
        return opened;
      }
      const unpin = pins.pin(sha256);
      try {
        const startedMs = monotonicMs();
        let blob = await throughWarm(sha256, () => openWarm(sha256, offsetBytes, lengthBytes, signal), signal);
        if (blob === undefined) {
          blob = await reader.openDirect(sha256, offsetBytes, lengthBytes, signal);
          counts.hit("cold", monotonicMs() - startedMs);
        }
        uses.add(sha256);
        return promotions.watch(blob);
      } finally {
        unpin();
      }
    },
    async readBytes(sha256, maxBytes) {
      const copy = await readHot(sha256);
      const unpin = pins.pin(sha256);
      try {
        if (copy !== undefined) {
          assertSmall(copy.stat.sizeBytes, maxBytes);
          uses.add(sha256);
          return joinChunks(copy.chunks);
        }
        const startedMs = monotonicMs();
        let bytes = await throughWarm(sha256, () => warm.readBytes(sha256, maxBytes));
        if (bytes === undefined) {
          bytes = await readDirect(reader, sha256, maxBytes);
          counts.hit("cold", monotonicMs() - startedMs);
        }
        uses.add(sha256);
        await promotions.add(sha256, bytes);
        return bytes;
      } finally {
        unpin();
      }
    },
  };
}

/** Copies blobs to memory when they are read often. */
function createPromotions({ hot, warm, uses, counts }: ReadParts) {
  /** Bytes of blobs that are being collected. */
  let collectedBytes = 0;
  function addCopy({ stat }: Pick<HotBlob, "stat">, chunks: readonly Buffer[]): void {
    hot.add({ stat, chunks });
    counts.promoted("hot");
  }
  async function* collecting(blob: OpenBlob): AsyncGenerator<Buffer> {
    const chunks: Buffer[] = [];
    collectedBytes += blob.lengthBytes;
    try {
      for await (const chunk of blob.chunks) {
        chunks.push(chunk);
        yield chunk;
      }
      // The last chunk arrives only after the digest was verified.
      addCopy(blob, chunks);
    } finally {
      collectedBytes -= blob.lengthBytes;
    }
  }
  const isWorth = (sha256: string, sizeBytes: number) => uses.recent(sha256) >= hotUses && hot.fits(sizeBytes);
  return {
    watch(blob: OpenBlob): OpenBlob {
      const { sha256, sizeBytes } = blob.stat;
      const isWhole = blob.lengthBytes === sizeBytes;
      if (!isWhole || !isWorth(sha256, sizeBytes) || !hot.fits(collectedBytes + sizeBytes)) return blob;
      return { ...blob, chunks: collecting(blob), [Symbol.asyncDispose]: () => blob[Symbol.asyncDispose]() };
    },
    async add(sha256: string, bytes: Buffer): Promise<void> {
      if (!isWorth(sha256, bytes.length)) return;
      // Only the disk knows what a use saves. A blob that is not there has the estimate from its size.
      const { savedMs = 0 } = await warm.stat(sha256, 0).catch((): { savedMs?: number } => ({}));
      addCopy({ stat: { sha256, sizeBytes: bytes.length, keepUntilMs: 0, kind: "output", savedMs } }, [bytes]);
    },
  };
}

function openHot({ stat, chunks }: HotBlob, offsetBytes: number, lengthBytes: number): OpenBlob {
  const range = resolveRange(stat.sizeBytes, offsetBytes, lengthBytes);
  const end = range.offsetBytes + range.lengthBytes;
  async function* parts(): AsyncGenerator<Buffer> {
    let at = 0;
    for (const chunk of chunks) {
      const part = chunk.subarray(Math.max(0, range.offsetBytes - at), Math.max(0, end - at));
      at += chunk.length;
      if (part.length > 0) yield part;
    }
  }
  return { stat, ...range, chunks: parts(), async [Symbol.asyncDispose]() {} };
}

async function orPassedOn<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AppError && passedOn.has(error.reason)) return undefined;
    throw error;
  }
}

async function readDirect(reader: ColdReader, sha256: string, maxBytes: number): Promise<Buffer> {
  // Nothing is open until its chunks are read, which the loop closes.
  const blob = await reader.openDirect(sha256, 0, 0);
  assertSmall(blob.stat.sizeBytes, maxBytes);
  const chunks: Buffer[] = [];
  for await (const chunk of blob.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function joinChunks(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

function assertSmall(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return;
  throw expected("sha256", `the digest of a blob of at most ${maxBytes} bytes`, `${sizeBytes} bytes`);
}

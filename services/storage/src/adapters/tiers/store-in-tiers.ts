import { AppError } from "@pixelmesh/errors";
import type { BlobIndex, IndexedBlob } from "../../domain/blob-index.ts";
import type { BlobStore, FoundBlob, PutOptions, PutResult, StatOptions } from "../../domain/blob-store.ts";
import type { ColdSource, ColdStat, ColdStore } from "../../domain/cold-store.ts";
import { type IndexEntry, keepUntilOf } from "../../domain/index-entry.ts";
import type { KeyedLock } from "../keyed-lock.ts";
import { type ColdReader, noBlob } from "./copy-from-cold.ts";
import type { HotTier } from "./hot-tier.ts";
import type { Pins } from "./pins.ts";

/** Parts of the tiers that puts and stats use. */
export type StoreParts = {
  readonly hot: Pick<HotTier, "has" | "reuse">;
  readonly warm: BlobStore;
  readonly cold: ColdStore;
  readonly index: BlobIndex;
  readonly reader: ColdReader;
  readonly pins: Pins;
  readonly locks: KeyedLock;
  /** Makes space in a full shared store. Returns whether it removed anything. */
  evictCold(bytes: number): Promise<boolean>;
  /** Drops the copies of this replica. */
  dropCopies(sha256: string): Promise<void>;
};

/** Puts and stats of a store with a shared store below it. */
export type TierWrites = Pick<BlobStore, "put" | "putBytes" | "stat">;

/** Creates puts and stats. */
export function createTierWrites(parts: StoreParts): TierWrites {
  const { hot, warm, cold, index, reader, pins, locks, dropCopies } = parts;

  /** Puts received bytes into the shared store. One put of a digest at a time: equal ones then find the bytes. */
  function share(put: PutResult, options: PutOptions, source: ColdSource, signal?: AbortSignal): Promise<PutResult> {
    const { sha256, sizeBytes } = put;
    return locks.run(sha256, async () => {
      signal?.throwIfAborted();
      const { kind = "output", jobId = "", keepUntilMs, savedMs = 0 } = options;
      // First the claim: from then on no replica removes the blob.
      const entry = await index.claim(sha256, { sizeBytes, kind, jobId, keepUntilMs, savedMs });
      const isNew = await putCold(parts, sha256, source, signal);
      return { sha256, sizeBytes, kind: entry.kind, keepUntilMs: keepUntilOf(entry), existed: !isNew };
    });
  }

  /** Calls `store` with options that pin the copy from before it exists until the shared store has the blob. */
  async function pinned<T>(options: PutOptions, store: (warmOptions: PutOptions) => Promise<T>): Promise<T> {
    const unpins: (() => void)[] = [];
    const onDigest = (sha256: string) => void unpins.push(pins.pin(sha256));
    if (options.sha256 !== undefined) onDigest(options.sha256);
    try {
      const { jobId: _, ...rest } = options;
      return await store({ ...rest, onDigest });
    } finally {
      for (const unpin of unpins) unpin();
    }
  }

  return {
    put: (chunks, options, signal) =>
      pinned(options, async (warmOptions) => {
        const put = await warm.put(chunks, warmOptions, signal);
        const source = { sizeBytes: put.sizeBytes, open: () => readWarm(warm, put.sha256, signal) };
        return await share(put, options, source, signal);
      }),
    putBytes: (bytes, options) =>
      pinned(options, async (warmOptions) => {
        const put = await warm.putBytes(bytes, warmOptions);
        const open = async function* () {
          yield bytes;
        };
        return await share(put, options, { sizeBytes: put.sizeBytes, open });
      }),
    async stat(sha256, wantedMs, options: StatOptions = {}): Promise<FoundBlob> {
      const { verify = false, kind = "output", jobId = "", savedMs = 0 } = options;
      const claim = { kind, jobId, keepUntilMs: wantedMs, savedMs };
      let entry = liveEntry(await index.get(sha256));
      // Claimed before the blob is looked for, so that it cannot be removed in between.
      const isClaimedFirst = entry !== undefined && wantedMs > 0;
      if (entry && isClaimedFirst) entry = await index.claim(sha256, { sizeBytes: entry.sizeBytes, ...claim });
      const { sizeBytes, storedMs } = await statCold(sha256);
      if (wantedMs > 0 && !isClaimedFirst) {
        entry = await index.claim(sha256, { sizeBytes, ...claim });
        await statCold(sha256);
      }
      const tier = await findCopy(sha256, { verify, savedMs });
      const keepUntilMs = entry ? keepUntilOf(entry) : storedMs;
      return { sha256, sizeBytes, kind: entry?.kind ?? kind, keepUntilMs, savedMs: entry?.savedMs ?? 0, tier };
    },
  };

  /** Returns a blob's properties; without a blob, drops the copies of this replica and throws BLOB_NOT_FOUND. */
  async function statCold(sha256: string): Promise<ColdStat> {
    const stored = await cold.stat(sha256);
    if (stored !== undefined) return stored;
    await dropCopies(sha256);
    throw noBlob(sha256);
  }

  /**
   * Returns the fastest tier that holds the blob. With `verify`, compares the copy of this disk with the digest, or the blob of the shared store
   * while it is copied. With a `savedMs` above 0 the copies are used.
   */
  async function findCopy(sha256: string, options: Required<Pick<StatOptions, "verify" | "savedMs">>) {
    const isHot = hot.has(sha256);
    const unpin = pins.pin(sha256);
    try {
      const isWarm = await statWarm(sha256, options);
      if (!isWarm && options.verify) await verifyCold(sha256, options.savedMs);
      if (isHot && options.savedMs > 0) hot.reuse(sha256, options.savedMs);
      return isHot ? "hot" : isWarm ? "warm" : "cold";
    } finally {
      unpin();
    }
  }

  async function statWarm(sha256: string, options: StatOptions): Promise<boolean> {
    try {
      await warm.stat(sha256, 0, options);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  async function verifyCold(sha256: string, savedMs: number): Promise<void> {
    if (await reader.copyToWarm(sha256)) {
      if (savedMs > 0) await statWarm(sha256, { savedMs });
      return;
    }
    const { chunks } = await reader.openDirect(sha256, 0, 0);
    for await (const _ of chunks);
  }
}

async function putCold(parts: StoreParts, sha256: string, source: ColdSource, signal?: AbortSignal): Promise<boolean> {
  const { cold, evictCold } = parts;
  try {
    return await cold.put(sha256, source, signal);
  } catch (error) {
    const isFull = error instanceof AppError && error.reason === "STORAGE_FULL";
    if (!isFull || !(await evictCold(source.sizeBytes))) throw error;
    return await cold.put(sha256, source, signal);
  }
}

async function* readWarm(warm: BlobStore, sha256: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const blob = await warm.open(sha256, 0, 0, signal);
  try {
    yield* blob.chunks;
  } finally {
    await blob[Symbol.asyncDispose]();
  }
}

function liveEntry(found: IndexedBlob | undefined): IndexEntry | undefined {
  return found?.entry.removingSinceMs === 0 ? found.entry : undefined;
}

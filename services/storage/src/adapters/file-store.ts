import { blobKinds } from "../domain/blob-kind.ts";
import type { BlobStore } from "../domain/blob-store.ts";
import { createHolds } from "../domain/holds.ts";
import { createKeepValue } from "../domain/keep-value/keep-value.ts";
import { createBlobRemover } from "./blob-remover.ts";
import { type Capacity, createCapacity } from "./capacity.ts";
import { createCounts } from "./counts.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import { createIntegrity } from "./integrity.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import { createLayout } from "./layout.ts";
import { openBlob } from "./open-blob.ts";
import { trimQuarantine } from "./quarantine.ts";
import { readBytes } from "./read-bytes.ts";
import { createReclaim } from "./reclaim.ts";
import { releaseBlobs } from "./release-blobs.ts";
import { recordUse, statBlob } from "./stat-blob.ts";
import { storeBlob } from "./store-blob.ts";
import { storeBytes } from "./store-bytes.ts";
import { listShard, type StoredBlob, shardCount } from "./stored-blobs.ts";
import { createTempFiles } from "./temp-file.ts";
import { createVerifiedFiles } from "./verified-files.ts";
import { withStoreErrors } from "./with-store-errors.ts";

/** Blobs whose uses are remembered to choose what is evicted: about 15 MiB. */
const maxValues = 32_768;

/**
 * Opens a directory as a blob store: removes the temporary files of dead processes and counts the stored blobs. Only the file system says
 * which blobs exist; `blobs/ab/cd/<sha256>` holds the bytes, its modification time the lifetime and the kind.
 */
export async function openFileStore(options: FileStoreOptions): Promise<BlobStore> {
  const { directory, lifetime, maxBlobBytes, unixMs, monotonicMs } = options;

  // 1. Directories and temporary files. Reads must work on a disk that cannot be written; the next sweep reports its failure.
  const layout = await createLayout(directory);
  const temps = createTempFiles(layout, options.tempStaleMs);
  await temps.clearLeftovers(unixMs()).catch(() => {});

  // 2. State in memory.
  const locks = createKeyedLock();
  const holds = createHolds();
  const counts = createCounts();
  const values = createKeepValue({ maxEntries: maxValues });
  const verified = createVerifiedFiles(options.trustMs, monotonicMs);
  const capacity = createCapacity(
    directory,
    options.capacity,
    (missingBytes) => evictor.evictUntil(missingBytes),
    monotonicMs,
  );
  const parts = { layout, lifetime, holds, capacity, verified, unixMs };

  // 3. Verification and removal of blobs.
  const onCorrupt = (sha256: string) => {
    values.forget(sha256);
    options.onCorrupt(sha256);
  };
  const integrity = createIntegrity(parts, counts, onCorrupt);
  const remove = createBlobRemover({ layout, locks, capacity, verified, holds });
  const { sweeper, evictor } = createReclaim(parts, options, remove, counts, values);

  // 4. Counts of the stored blobs. The first sweep reports a file system that cannot be read.
  await capacity.refresh().catch(() => {});
  await countBlobs(layout.blobsDir, capacity);

  const storeParts = { lifetimeParts: parts, maxBlobBytes, temps, locks, integrity };
  // Not awaited: if the disk is read-only, only the time of the use is lost.
  const onUse = (blob: StoredBlob) => void recordUse(parts, locks, blob).catch(() => {});
  const openParts = { layout, locks, verified, integrity, onUse };
  const store: BlobStore = {
    async put(chunks, putOptions, signal) {
      const result = await storeBlob(storeParts, chunks, putOptions, signal);
      values.use(result.sha256, result.sizeBytes, result.savedMs);
      counts.put(result.existed);
      return result;
    },
    async putBytes(bytes, putOptions) {
      const result = await storeBytes(storeParts, bytes, putOptions);
      values.use(result.sha256, result.sizeBytes, result.savedMs);
      counts.put(result.existed);
      return result;
    },
    async open(sha256, offsetBytes, lengthBytes, signal) {
      const startedMs = monotonicMs();
      const range = { offsetBytes, lengthBytes };
      const blob = await openBlob(openParts, sha256, range, signal);
      values.use(sha256, blob.stat.sizeBytes, blob.stat.savedMs);
      counts.get(monotonicMs() - startedMs);
      return blob;
    },
    async readBytes(sha256, maxBytes) {
      const startedMs = monotonicMs();
      const bytes = await readBytes(openParts, sha256, maxBytes);
      values.use(sha256, bytes.byteLength);
      counts.get(monotonicMs() - startedMs);
      return bytes;
    },
    async stat(sha256, wantedMs, statOptions = {}) {
      const found = await statBlob(parts, locks, integrity, { sha256, wantedMs }, statOptions);
      if ((statOptions.savedMs ?? 0) > 0) values.use(sha256, found.sizeBytes, found.savedMs);
      return found;
    },
    async promote(sha256) {
      const { sizeBytes } = await statBlob(parts, locks, integrity, { sha256, wantedMs: 0 }, { verify: true });
      values.use(sha256, sizeBytes);
      return { tier: undefined, wasThere: true, sizeBytes };
    },
    async delete(sha256) {
      values.forget(sha256);
      return (await remove(sha256, () => true)) !== undefined;
    },
    reserve: capacity.reserve,
    release: (jobId, digests) => releaseBlobs(parts, locks, evictor, jobId, digests),
    async sweep() {
      // A disk that only holds copies may come back empty. The directory of the only copies is not created again: it may not be mounted.
      if (options.cache && (await layout.restore())) await recountBlobs(layout.blobsDir, capacity);
      await capacity.refresh();
      holds.prune(unixMs());
      capacity.prune(unixMs());
      await temps.clearLeftovers(unixMs());
      await trimQuarantine(layout, unixMs(), options.quarantineMs);
      return await sweeper.step();
    },
    stats: () => ({ ...counts.read(capacity), capacityBytes: options.capacity.maxBytes, tiers: [] }),
  };
  return withStoreErrors(store, counts.refused);
}

async function recountBlobs(blobsDir: string, capacity: Capacity): Promise<void> {
  for (const kind of blobKinds) {
    const { blobs, sizeBytes } = capacity.of(kind);
    capacity.add(kind, -blobs, -sizeBytes);
  }
  await countBlobs(blobsDir, capacity);
}

async function countBlobs(blobsDir: string, capacity: Capacity): Promise<void> {
  for (let n = 0; n < shardCount; n += 1) {
    for (const { kind, sizeBytes } of await listShard(blobsDir, n)) capacity.add(kind, 1, sizeBytes);
  }
}

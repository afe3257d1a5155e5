import { open, rm, utimes } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { extendedKeepUntil, isExpired } from "../domain/lifetime.ts";
import type { BlobStat, BlobStore } from "../domain/ports.ts";
import { resolveRange } from "../domain/range.ts";
import { createCapacity } from "./capacity.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import { orMissing } from "./fs-errors.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import { createLayout } from "./layout.ts";
import { quarantine, trimQuarantine } from "./quarantine.ts";
import { readRange, readVerified, verify } from "./read-blob.ts";
import { storeBlob } from "./store-blob.ts";
import { createSweeper } from "./sweeper.ts";
import { createTempFiles } from "./temp-file.ts";
import { createVerifiedMemo } from "./verified-memo.ts";
import { listShard, readStat, shardCount } from "./walk.ts";

/**
 * Opens a directory as a blob store: clears what dead processes left behind and counts what is there. The file system
 * alone says which blobs exist; `blobs/ab/cd/<sha256>` holds the bytes and its modification time the life.
 */
export async function openFileStore(options: FileStoreOptions): Promise<BlobStore> {
  const { lifetime, unixMs, monotonicMs } = options;
  const layout = await createLayout(options.directory);
  const temps = createTempFiles(layout, options.tempStaleMs);
  await temps.clearLeftovers(unixMs());

  const locks = createKeyedLock();
  const counts = { puts: 0, putsDeduplicated: 0, gets: 0, corrupt: 0, evicted: 0 };

  const remove = (sha256: string, mayGo: (blob: BlobStat) => boolean) =>
    locks.run(sha256, async () => {
      const blob = await readStat(layout.blobPath(sha256), sha256);
      if (blob === undefined || !mayGo(blob)) return undefined;
      await rm(layout.blobPath(sha256), { force: true });
      capacity.add(-1, -blob.sizeBytes);
      return blob;
    });

  const sweeper = createSweeper({
    blobsDir: layout.blobsDir,
    maxVisits: options.sweepVisits,
    restMs: options.fullRestMs,
    isExpired: (blob) => isExpired(blob.keepUntilMs, unixMs(), lifetime),
    async remove({ sha256 }) {
      // Looked at again under the lock: a put may have extended its life meanwhile.
      const gone = await remove(sha256, (blob) => isExpired(blob.keepUntilMs, unixMs(), lifetime));
      if (gone !== undefined) counts.evicted += 1;
      return gone;
    },
    monotonicMs,
  });
  const capacity = createCapacity(options.directory, options.capacity, sweeper.makeRoom, monotonicMs);
  for (let n = 0; n < shardCount; n += 1) {
    const blobs = await listShard(layout.blobsDir, n);
    capacity.add(
      blobs.length,
      blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0),
    );
  }

  const verified = createVerifiedMemo(options.trustMs, monotonicMs);
  const setAside = async (sha256: string, sizeBytes: number, inode?: number) => {
    if (!(await quarantine(layout, sha256, unixMs(), inode))) return;
    capacity.add(-1, -sizeBytes);
    counts.corrupt += 1;
    verified.forget(sha256);
    options.onCorrupt(sha256);
  };

  return {
    async put(chunks, putOptions, signal) {
      const parts = { options, layout, temps, locks, capacity, setAside };
      const result = await storeBlob(parts, chunks, putOptions, signal);
      counts.puts += 1;
      if (result.existed) counts.putsDeduplicated += 1;
      return result;
    },

    async open(sha256, offsetBytes, lengthBytes, signal) {
      const handle = await orMissing(open(layout.blobPath(sha256), "r"));
      if (handle === undefined) throw notFound(sha256);
      try {
        const { size: sizeBytes, mtimeMs, ino } = await handle.stat();
        const range = resolveRange(sizeBytes, offsetBytes, lengthBytes);
        const file = {
          ...{ handle, sha256, sizeBytes, signal },
          onVerified: () => verified.add(sha256),
          async onCorrupt() {
            await locks.run(sha256, () => setAside(sha256, sizeBytes, ino));
            return corrupt(sha256);
          },
        };
        const isWhole = range.lengthBytes === sizeBytes;
        if (!isWhole && !verified.has(sha256)) await verify(file);
        counts.gets += 1;
        return {
          stat: { sha256, sizeBytes, keepUntilMs: Math.round(mtimeMs) },
          ...range,
          chunks: isWhole ? readVerified(file) : readRange(file, range),
          [Symbol.asyncDispose]: () => handle.close(),
        };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },

    stat: (sha256, keepUntilMs) =>
      locks.run(sha256, async () => {
        const path = layout.blobPath(sha256);
        const blob = await readStat(path, sha256);
        if (blob === undefined) throw notFound(sha256);
        const extendedMs = extendedKeepUntil(blob.keepUntilMs, keepUntilMs, lifetime);
        if (extendedMs > blob.keepUntilMs) await utimes(path, extendedMs / 1000, extendedMs / 1000);
        return { ...blob, keepUntilMs: extendedMs };
      }),

    async delete(sha256) {
      return (await remove(sha256, () => true)) !== undefined;
    },

    async sweep() {
      await temps.clearLeftovers(unixMs());
      await trimQuarantine(layout, unixMs(), options.quarantineMs);
      return await sweeper.step();
    },

    stats: () => ({
      ...counts,
      blobs: capacity.blobs,
      sizeBytes: capacity.storedBytes,
      capacityBytes: options.capacity.maxBytes,
    }),
  };
}

function notFound(sha256: string): AppError {
  return new AppError("BLOB_NOT_FOUND", `There is no blob ${sha256}`);
}

function corrupt(sha256: string): AppError {
  return new AppError("BLOB_CORRUPT", `The stored bytes of ${sha256} no longer have that digest; they were set aside`);
}

import { open, rm, stat } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { createHolds } from "../domain/holds.ts";
import { evictionTurn, isExpired } from "../domain/lifetime.ts";
import type { BlobStore } from "../domain/ports.ts";
import { resolveRange } from "../domain/range.ts";
import { createCapacity } from "./capacity.ts";
import { createCounts } from "./counts.ts";
import { createEvictor } from "./evictor.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import { orMissing } from "./fs-errors.ts";
import { endBlob, keepBlob } from "./keeping.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import { createLayout } from "./layout.ts";
import { quarantine, trimQuarantine } from "./quarantine.ts";
import { isWholeFile, readRange, readVerified, verify } from "./read-blob.ts";
import { storeBlob } from "./store-blob.ts";
import { createSweeper } from "./sweeper.ts";
import { createTempFiles } from "./temp-file.ts";
import { withStoreErrors } from "./typed-store.ts";
import { createVerifiedMemo } from "./verified-memo.ts";
import { listShard, readStat, type StoredBlob, shardCount, toStoredBlob } from "./walk.ts";

/**
 * Opens a directory as a blob store: clears what dead processes left behind and counts what is there. The file system
 * alone says which blobs exist; `blobs/ab/cd/<sha256>` holds the bytes and its modification time the life and the kind.
 */
export async function openFileStore(options: FileStoreOptions): Promise<BlobStore> {
  const { lifetime, unixMs, monotonicMs } = options;
  const layout = await createLayout(options.directory);
  const temps = createTempFiles(layout, options.tempStaleMs);
  // A disk that cannot be written to must not keep this service from reading: the next sweep tries again and says so.
  await temps.clearLeftovers(unixMs()).catch(() => {});

  const locks = createKeyedLock();
  const holds = createHolds();
  const counts = createCounts();
  const verified = createVerifiedMemo(options.trustMs, monotonicMs);
  const find = (sha256: string) => readStat(layout.blobPath(sha256), sha256);

  const remove = (sha256: string, mayGo: (blob: StoredBlob) => boolean) =>
    locks.run(sha256, async () => {
      const blob = await find(sha256);
      if (blob === undefined || !mayGo(blob)) return undefined;
      await rm(layout.blobPath(sha256), { force: true });
      capacity.add(blob.kind, -1, -blob.sizeBytes);
      verified.forget(sha256);
      holds.forget(sha256);
      return blob;
    });
  // Looked at again under the lock: a put may have extended its life meanwhile.
  const evict = async (sha256: string, mayGo: (blob: StoredBlob) => boolean) => {
    const gone = await remove(sha256, mayGo);
    if (gone !== undefined) counts.evicted(gone.kind);
    return gone;
  };

  const isOver = (blob: StoredBlob) => !holds.isHeld(blob.sha256, unixMs()) && isExpired(blob, unixMs(), lifetime);
  const sweeper = createSweeper({
    blobsDir: layout.blobsDir,
    maxVisits: options.sweepVisits,
    isExpired: isOver,
    remove: ({ sha256 }) => evict(sha256, isOver),
  });
  const evictor = createEvictor({
    blobsDir: layout.blobsDir,
    restMs: options.fullRestMs,
    turnOf: (blob) => (holds.isHeld(blob.sha256, unixMs()) ? undefined : evictionTurn(blob, unixMs(), lifetime)),
    remove: evict,
    monotonicMs,
  });
  const capacity = createCapacity(options.directory, options.capacity, evictor.makeRoom, monotonicMs);
  for (let n = 0; n < shardCount; n += 1)
    for (const { kind, sizeBytes } of await listShard(layout.blobsDir, n)) capacity.add(kind, 1, sizeBytes);

  /** Takes a corrupt blob out of service, unless another file has taken its place; its lock is held. */
  const setAside = async ({ sha256, kind, sizeBytes, file }: StoredBlob) => {
    if (!(await quarantine(layout, sha256, unixMs(), file.ino))) return;
    capacity.add(kind, -1, -sizeBytes);
    counts.corrupt();
    verified.forget(sha256);
    holds.forget(sha256);
    options.onCorrupt(sha256);
  };
  const isWhole = async (blob: StoredBlob, signal?: AbortSignal) => {
    if (verified.has(blob.sha256, blob.file)) return true;
    if (await isWholeFile(layout.blobPath(blob.sha256), blob.sha256, signal)) {
      verified.add(blob.sha256, blob.file);
      return true;
    }
    await setAside(blob);
    return false;
  };
  const keeping = { layout, lifetime, holds, capacity, verified, unixMs };

  /** NOT_FOUND only of a store that is there: a mount that went away has lost no blob. */
  const missing = async (sha256: string) => {
    await stat(layout.blobsDir);
    return notFound(sha256);
  };
  const noteUse = (sha256: string) =>
    locks.run(sha256, async () => {
      const blob = await find(sha256);
      if (blob) await keepBlob(keeping, blob, 0, {}, false);
    });

  const store: BlobStore = {
    async put(chunks, putOptions, signal) {
      const parts = { ...keeping, options, temps, locks, setAside, isWhole };
      const result = await storeBlob(parts, chunks, putOptions, signal);
      counts.put(result.existed);
      return result;
    },

    async open(sha256, offsetBytes, lengthBytes, signal) {
      const handle = await orMissing(open(layout.blobPath(sha256), "r"));
      if (handle === undefined) throw await missing(sha256);
      try {
        const blob = toStoredBlob(sha256, await handle.stat());
        const { sizeBytes, keepUntilMs, kind } = blob;
        const range = resolveRange(sizeBytes, offsetBytes, lengthBytes);
        const file = {
          ...{ handle, sha256, sizeBytes, signal },
          onVerified: () => verified.add(sha256, blob.file),
          async onCorrupt() {
            await locks.run(sha256, () => setAside(blob));
            return corrupt(sha256);
          },
        };
        const isWholeRange = range.lengthBytes === sizeBytes;
        if (!isWholeRange && !verified.has(sha256, blob.file)) await verify(file);
        counts.get();
        // Not waited for, and a disk that is read-only for now only forgets the use.
        noteUse(sha256).catch(() => {});
        return {
          stat: { sha256, sizeBytes, keepUntilMs, kind },
          ...range,
          chunks: isWholeRange ? readVerified(file) : readRange(file, range),
          [Symbol.asyncDispose]: () => handle.close(),
        };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },

    stat: (sha256, keepUntilMs, { verify: isVerified = false, ...use } = {}) =>
      locks.run(sha256, async () => {
        const blob = await find(sha256);
        if (blob === undefined) throw await missing(sha256);
        if (isVerified && !(await isWhole(blob))) throw corrupt(sha256);
        const { sizeBytes, kind, keepUntilMs: untilMs } = await keepBlob(keeping, blob, keepUntilMs, use, false);
        return { sha256, sizeBytes, kind, keepUntilMs: untilMs };
      }),

    async delete(sha256) {
      return (await remove(sha256, () => true)) !== undefined;
    },

    reserve: (wish) => capacity.reserve(wish),

    async release(jobId, digests) {
      let released = 0;
      for (const { sha256, untilMs } of holds.release(jobId, digests)) {
        const ended = await locks.run(sha256, async () => {
          const blob = await find(sha256);
          return blob && endBlob(keeping, blob, untilMs);
        });
        if (ended === undefined) continue;
        released += 1;
        evictor.offer(ended);
        if (digests !== undefined) capacity.giveBack(jobId, ended.sizeBytes);
      }
      if (digests === undefined) capacity.endReservation(jobId);
      return released;
    },

    async sweep() {
      await capacity.refresh();
      holds.prune(unixMs());
      capacity.prune(unixMs());
      await temps.clearLeftovers(unixMs());
      await trimQuarantine(layout, unixMs(), options.quarantineMs);
      return await sweeper.step();
    },

    stats: () => ({ ...counts.read(capacity), capacityBytes: options.capacity.maxBytes }),
  };
  return withStoreErrors(store, counts.refused);
}

function notFound(sha256: string): AppError {
  return new AppError("BLOB_NOT_FOUND", `There is no blob ${sha256}`);
}

function corrupt(sha256: string): AppError {
  return new AppError("BLOB_CORRUPT", `The stored bytes of ${sha256} no longer have that digest; they were set aside`);
}

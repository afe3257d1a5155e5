import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, type Entry, openStore, readLastRevision, readNextEntry, type Store } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { BlobIndexEntry, JobBlobs } from "@pixelmesh/proto";
import type { BlobIndex, IndexedBlob } from "../../domain/blob-index.ts";
import {
  type Claim,
  claimEntry,
  type IndexEntry,
  isClaimed,
  keepUntilOf,
  releaseEntry,
} from "../../domain/index-entry.ts";
import type { LifetimeRules } from "../../domain/lifetime.ts";
import { fromIndexMessage, toIndexMessage } from "./index-codec.ts";
import { createJobBlobs, jobKeyPrefix } from "./job-blobs.ts";

const bucket = "blobs";
const blobKey = (sha256: string) => `blob.${sha256}`;

/** How long a claim waits for the removal of its blob. */
const removalWaitMs = 5_000;
const removalPollMs = 50;
/** A removal that is older was left by a dead replica. A replica gives up its own removal before half of this time. */
export const removalStaleMs = 60_000;
const maxRounds = 30;

/** Opens the index in the bucket `blobs`. `unixMs` is the clock of lifetimes. */
export async function openBlobIndex(bus: Bus, lifetime: LifetimeRules, unixMs: () => number): Promise<BlobIndex> {
  const blobs = await openStore(bus, bucket, BlobIndexEntry);
  const jobs = createJobBlobs(await openStore(bus, bucket, JobBlobs));

  async function get(sha256: string): Promise<IndexedBlob | undefined> {
    return toIndexed(sha256, await blobs.get(blobKey(sha256)));
  }

  /** Writes what `change` returns for the present entry; undefined: nothing. Returns the written entry, or the present one. */
  async function change(
    sha256: string,
    toNext: (found: IndexedBlob | undefined) => IndexEntry | undefined,
  ): Promise<IndexedBlob | undefined> {
    for (let round = 0; round < maxRounds; round++) {
      const found = await get(sha256);
      const next = toNext(found);
      if (next === undefined) return found;
      const revision = await write(blobs, blobKey(sha256), toIndexMessage(next), found?.revision);
      if (revision !== undefined) return { sha256, entry: next, revision };
      await sleep(Math.random() * 2 * round);
    }
    throw new AppError("BROKER_UNAVAILABLE", `The index entry of ${sha256} kept changing; repeat the call`, {
      retryAfterMs: 1_000,
    });
  }

  async function claimOnce(sha256: string, claim: Claim): Promise<IndexEntry | undefined> {
    let isBusy = false;
    const claimed = await change(sha256, (found) => {
      isBusy = found !== undefined && isBeingRemoved(found.entry, unixMs());
      if (isBusy) return undefined;
      if (found !== undefined && isClaimed(found.entry, claim, unixMs(), lifetime)) return undefined;
      return claimEntry(found?.entry, claim, unixMs(), lifetime);
    });
    return isBusy ? undefined : claimed?.entry;
  }

  return {
    get,
    async claim(sha256, claim) {
      const untilMs = performance.now() + removalWaitMs;
      for (;;) {
        const entry = await claimOnce(sha256, claim);
        if (entry !== undefined) {
          if (claim.jobId !== "" && claim.kind !== "output") await jobs.add(claim.jobId, sha256, keepUntilOf(entry));
          return entry;
        }
        if (performance.now() > untilMs) throw beingRemoved(sha256);
        await sleep(removalPollMs);
      }
    },
    async release(jobId, digests) {
      const held = digests ?? (await jobs.list(jobId));
      let released = 0;
      for (const sha256 of held) {
        let isReleased = false;
        await change(sha256, (found) => {
          const next = found && releaseEntry(found.entry, jobId);
          isReleased = next !== undefined;
          return next;
        });
        if (isReleased) released += 1;
      }
      if (digests === undefined && held.length > 0) await jobs.remove(jobId);
      return released;
    },
    async addUses(sha256, uses, lastUseMs) {
      const found = await change(sha256, (present) => {
        if (present === undefined || present.entry.removingSinceMs > 0) return undefined;
        const { entry } = present;
        return { ...entry, uses: entry.uses + uses, lastUseMs: Math.max(entry.lastUseMs, lastUseMs) };
      });
      return found !== undefined && found.entry.removingSinceMs === 0;
    },
    async beginRemoval(sha256, mayRemove) {
      let isMarked = false;
      const marked = await change(sha256, (found) => {
        isMarked = found !== undefined && !isBeingRemoved(found.entry, unixMs()) && mayRemove(found.entry);
        return isMarked && found ? { ...found.entry, removingSinceMs: unixMs() } : undefined;
      });
      return isMarked ? marked : undefined;
    },
    async endRemoval({ sha256, revision }) {
      await blobs.remove(blobKey(sha256), revision);
    },
    adopt: async (sha256, entry) =>
      (await write(blobs, blobKey(sha256), toIndexMessage(entry), undefined)) !== undefined,
    replace: async ({ sha256, revision }, entry) =>
      (await write(blobs, blobKey(sha256), toIndexMessage(entry), revision)) !== undefined,
    async walk(revision) {
      const found = await readNextEntry(bus, bucket, BlobIndexEntry, revision);
      if (found === undefined) return undefined;
      if (!found.key.startsWith(jobKeyPrefix)) {
        const sha256 = found.key.slice(blobKey("").length);
        return { kind: "blob", sha256, entry: found.value && fromIndexMessage(found.value), revision: found.revision };
      }
      return { kind: "job", key: found.key, untilMs: (await jobs.untilOf(found.key)) ?? 0, revision: found.revision };
    },
    dropJob: async (key, revision) => void (await blobs.remove(key, revision)),
    lastRevision: () => readLastRevision(bus, bucket),
  };
}

/** Whether a replica is removing the blob now. */
export function isBeingRemoved({ removingSinceMs }: IndexEntry, nowMs: number): boolean {
  return removingSinceMs > 0 && nowMs - removingSinceMs < removalStaleMs;
}

function toIndexed(sha256: string, found: Entry<BlobIndexEntry> | undefined): IndexedBlob | undefined {
  return found && { sha256, entry: fromIndexMessage(found.value), revision: found.revision };
}

/** Writes an entry: compare-and-set. Throws STORAGE_FULL if the bucket is full. */
async function write<T>(
  store: Store<T>,
  key: string,
  value: T,
  revision: number | undefined,
): Promise<number | undefined> {
  try {
    return await (revision === undefined ? store.create(key, value) : store.update(key, value, revision));
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "QUEUE_FULL") throw error;
    const text = "The store is full: its index in the broker (bucket `blobs`) has no space";
    throw new AppError("STORAGE_FULL", text, { retryAfterMs: 10_000, cause: error });
  }
}

function beingRemoved(sha256: string): AppError {
  return new AppError("STORAGE_UNAVAILABLE", `Blob ${sha256} is being removed by another replica; repeat the call`, {
    retryAfterMs: 1_000,
  });
}

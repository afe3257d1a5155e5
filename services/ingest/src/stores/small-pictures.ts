import { LRUCache } from "lru-cache";

/** The bytes of small pictures of new jobs, so that work items can carry them. */
export type SmallPictures = {
  /** Keeps a copy of a job's picture if it is small and few jobs are open in the mesh. The oldest pictures are dropped. */
  keep(jobId: string, sha256: string, bytes: Uint8Array, openJobs: number): void;
  /** Returns the bytes of a job's picture while they are kept. */
  find(jobId: string, sha256: string): Uint8Array | undefined;
};

/** Most bytes of the pictures in all work items of a job. */
export const maxJobContentBytes = 32 * 1024;
/** Most bytes that are kept. A job's first work items are published at once, so its pictures are needed for a moment only. */
const maxKeptBytes = 4 * 1024 * 1024;
const keptMs = 60_000;
/** What an entry takes besides its bytes and its key. */
const entryBytes = 256;

/**
 * Creates an empty store. `workBytes` is the size of the smallest work queue: pictures in work items may take half of it, so none is kept
 * while more jobs are open than could each have 32 KiB of pictures there.
 */
export function createSmallPictures(workBytes: number): SmallPictures {
  const maxJobs = Math.floor(workBytes / 2 / maxJobContentBytes);
  const kept = new LRUCache<string, Uint8Array>({
    maxSize: maxKeptBytes,
    sizeCalculation: ({ length }, key) => length + key.length + entryBytes,
    ttl: keptMs,
  });
  const toKey = (jobId: string, sha256: string) => `${jobId}/${sha256}`;
  return {
    keep(jobId, sha256, bytes, openJobs) {
      if (bytes.length === 0 || bytes.length > maxJobContentBytes || openJobs > maxJobs) return;
      // A copy: the bytes may be a part of a larger buffer that the upload's budget counts. `slice` of a Buffer copies nothing.
      kept.set(toKey(jobId, sha256), new Uint8Array(bytes));
    },
    find: (jobId, sha256) => kept.get(toKey(jobId, sha256)),
  };
}

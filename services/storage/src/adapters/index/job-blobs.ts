import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import type { JobBlobs as JobBlobsMessage } from "@pixelmesh/proto";

/** The lists of blobs that jobs need, common to all replicas. */
export type JobBlobs = {
  /** Adds a blob to a job's list. Beyond the bound, or if the bucket is full, it is left out: its need ends at its time. */
  add(jobId: string, sha256: string, untilMs: number): Promise<void>;
  list(jobId: string): Promise<readonly string[]>;
  remove(jobId: string): Promise<void>;
  /** Returns the latest need in a list, in Unix milliseconds; undefined without a list. */
  untilOf(key: string): Promise<number | undefined>;
};

/** Keys of the lists in the bucket `blobs`. */
export const jobKeyPrefix = "job.";

const maxDigests = 1_000;
const maxRounds = 30;

// Ids of jobs may have characters that keys may not have.
const keyOf = (jobId: string) => `${jobKeyPrefix}${Buffer.from(jobId).toString("base64url")}`;

/** Creates the lists in an opened bucket. */
export function createJobBlobs(store: Store<JobBlobsMessage>): JobBlobs {
  async function addOnce(key: string, digest: Buffer, untilMs: number): Promise<boolean> {
    const found = await store.get(key);
    const { sha256 = [], untilUnixMs = 0 } = found?.value ?? {};
    if (sha256.length >= maxDigests || sha256.some((known) => digest.equals(known))) return true;
    const value = { sha256: [...sha256, digest], untilUnixMs: Math.round(Math.max(untilUnixMs, untilMs)) };
    const written = found ? store.update(key, value, found.revision) : store.create(key, value);
    return (await written) !== undefined;
  }

  return {
    async add(jobId, sha256, untilMs) {
      try {
        for (let round = 0; round < maxRounds; round++) {
          if (await addOnce(keyOf(jobId), Buffer.from(sha256, "hex"), untilMs)) return;
          await sleep(Math.random() * 2 * round);
        }
      } catch (error) {
        if (toAppError(error).reason !== "QUEUE_FULL") throw error;
      }
    },
    async list(jobId) {
      const found = await store.get(keyOf(jobId));
      return (found?.value.sha256 ?? []).map((digest) => Buffer.from(digest).toString("hex"));
    },
    async remove(jobId) {
      await store.remove(keyOf(jobId));
    },
    async untilOf(key) {
      return (await store.get(key))?.value.untilUnixMs;
    },
  };
}

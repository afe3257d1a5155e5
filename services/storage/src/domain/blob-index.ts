import type { Claim, IndexEntry } from "./index-entry.ts";

/** An entry with its revision in the bucket. */
export type IndexedBlob = { readonly sha256: string; readonly entry: IndexEntry; readonly revision: number };

/** One step of a walk through the index. An entry that cannot be read has no `entry`. */
export type WalkStep =
  | {
      readonly kind: "blob";
      readonly sha256: string;
      readonly entry: IndexEntry | undefined;
      readonly revision: number;
    }
  | { readonly kind: "job"; readonly key: string; readonly untilMs: number; readonly revision: number };

/**
 * The index of the shared store, common to all replicas. It says how long blobs stay, not which exist. All writes are compare-and-set. Methods
 * throw BROKER_UNAVAILABLE, and STORAGE_FULL if the index has no space.
 */
export type BlobIndex = {
  get(sha256: string): Promise<IndexedBlob | undefined>;
  /**
   * Extends or creates an entry. Waits while another replica removes the blob; throws STORAGE_UNAVAILABLE if that takes too long. Call it
   * before the bytes are stored: from then on no replica removes the blob.
   */
  claim(sha256: string, claim: Claim): Promise<IndexEntry>;
  /** Ends a job's need of some blobs, or (undefined) of all. Returns the number of blobs that it had needed. */
  release(jobId: string, digests?: readonly string[]): Promise<number>;
  /** Counts uses. Returns false if there is no live entry. */
  addUses(sha256: string, uses: number, lastUseMs: number): Promise<boolean>;
  /** Marks an entry as being removed if `mayRemove` still agrees. Returns the mark; undefined if it was not set. */
  beginRemoval(sha256: string, mayRemove: (entry: IndexEntry) => boolean): Promise<IndexedBlob | undefined>;
  /** Removes a marked entry, after its blob. An entry that was claimed since stays. */
  endRemoval(marked: IndexedBlob): Promise<void>;
  /** Creates an entry for a stored blob that has none. Returns false if it has one. */
  adopt(sha256: string, entry: IndexEntry): Promise<boolean>;
  /** Writes the true size into an entry. Returns false if it has changed meanwhile. */
  replace(found: IndexedBlob, entry: IndexEntry): Promise<boolean>;
  /** Returns the next entry at or above a revision; undefined at the end. */
  walk(revision: number): Promise<WalkStep | undefined>;
  /** Removes a job's list of blobs at a revision. */
  dropJob(key: string, revision: number): Promise<void>;
  lastRevision(): Promise<number>;
};

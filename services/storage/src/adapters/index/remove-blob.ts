import type { BlobIndex } from "../../domain/blob-index.ts";
import type { ColdStore } from "../../domain/cold-store.ts";
import type { IndexEntry } from "../../domain/index-entry.ts";
import { removalStaleMs } from "./open-blob-index.ts";

/** Parts that removals use. */
export type RemovalParts = {
  readonly index: BlobIndex;
  readonly cold: ColdStore;
  /** Drops the copies of this replica. */
  dropCopies(sha256: string): Promise<void>;
};

/** The entry of a removed blob; undefined: it was not removed, because it has no entry, is being removed, or may stay. */
export type RemoveFromCold = (
  sha256: string,
  mayRemove: (entry: IndexEntry) => boolean,
  how?: "remove" | "quarantine",
) => Promise<IndexEntry | undefined>;

/**
 * Creates a function that removes blobs of the shared store: it marks the entry, removes the blob, then the entry. A put that meets the mark
 * waits. If the removal fails the mark stays, because the request may still be carried out; it is stale after a minute.
 */
export function createRemoval({ index, cold, dropCopies }: RemovalParts): RemoveFromCold {
  return async (sha256, mayRemove, how = "remove") => {
    const giveUpMs = performance.now() + removalStaleMs / 2;
    const marked = await index.beginRemoval(sha256, mayRemove);
    if (marked === undefined) return undefined;
    // After a pause of this process others may take the mark for that of a dead replica, and put the blob again.
    const leftMs = giveUpMs - performance.now();
    if (leftMs <= 0) return undefined;
    await cold[how](sha256, AbortSignal.timeout(Math.ceil(leftMs)));
    await index.endRemoval(marked);
    await dropCopies(sha256);
    return marked.entry;
  };
}

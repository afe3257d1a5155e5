import { rm } from "node:fs/promises";
import type { Holds } from "../domain/holds.ts";
import type { Capacity } from "./capacity.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { Layout } from "./layout.ts";
import { readStat, type StoredBlob } from "./stored-blobs.ts";
import type { VerifiedFiles } from "./verified-files.ts";

/** Parts of a store that a removal changes. */
export type RemoverParts = {
  readonly layout: Layout;
  readonly locks: KeyedLock;
  readonly capacity: Capacity;
  readonly verified: VerifiedFiles;
  readonly holds: Holds;
};

/** Removes a blob. Returns it, or undefined if it does not exist or `mayRemove` returns false. */
export type RemoveBlob = (sha256: string, mayRemove: (blob: StoredBlob) => boolean) => Promise<StoredBlob | undefined>;

/** Creates a function that removes blobs. It calls `mayRemove` under the blob's lock, because a put may extend the blob meanwhile. */
export function createBlobRemover({ layout, locks, capacity, verified, holds }: RemoverParts): RemoveBlob {
  return (sha256, mayRemove) =>
    locks.run(sha256, async () => {
      const blob = await readStat(layout.blobPath(sha256), sha256);
      if (blob === undefined || !mayRemove(blob)) return undefined;
      await rm(layout.blobPath(sha256), { force: true });
      capacity.add(blob.kind, -1, -blob.sizeBytes);
      verified.forget(sha256);
      holds.forget(sha256);
      return blob;
    });
}

import type { Counts } from "./counts.ts";
import type { LifetimeParts } from "./extend-blob.ts";
import { quarantine } from "./quarantine.ts";
import { hasDigest } from "./read-blob.ts";
import type { StoredBlob } from "./stored-blobs.ts";

/** Verifies blobs and quarantines corrupt ones. The caller of each method holds the blob's lock. */
export type Integrity = {
  /** Returns whether the blob's bytes have its digest; a blob with wrong bytes is quarantined. Recently verified files are not read. */
  isIntact(blob: StoredBlob, signal?: AbortSignal): Promise<boolean>;
  /** Quarantines a corrupt blob, unless another file has replaced it. */
  quarantineBlob(blob: StoredBlob): Promise<void>;
};

/** Creates integrity checks; `onCorrupt` is called once for every corrupt blob. */
export function createIntegrity(
  { layout, holds, capacity, verified, unixMs }: LifetimeParts,
  counts: Counts,
  onCorrupt: (sha256: string) => void,
): Integrity {
  async function quarantineBlob({ sha256, kind, sizeBytes, file }: StoredBlob): Promise<void> {
    if (!(await quarantine(layout, sha256, unixMs(), file.ino))) return;
    capacity.add(kind, -1, -sizeBytes);
    counts.corrupt();
    verified.forget(sha256);
    holds.forget(sha256);
    onCorrupt(sha256);
  }
  return {
    quarantineBlob,
    async isIntact(blob, signal) {
      if (verified.has(blob.sha256, blob.file)) return true;
      if (await hasDigest(layout.blobPath(blob.sha256), blob.sha256, signal)) {
        verified.add(blob.sha256, blob.file);
        return true;
      }
      await quarantineBlob(blob);
      return false;
    },
  };
}

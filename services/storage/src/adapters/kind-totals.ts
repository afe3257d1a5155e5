import { type BlobKind, blobKinds } from "../domain/blob-kind.ts";

/** Number and bytes of the stored blobs of each kind. */
export type KindTotals = {
  add(kind: BlobKind, blobs: number, bytes: number): void;
  of(kind: BlobKind): { readonly blobs: number; readonly sizeBytes: number };
  /** Bytes of all kinds. */
  readonly storedBytes: number;
};

/** Creates totals of an empty store. */
export function createKindTotals(): KindTotals {
  const byKind: Record<BlobKind, { blobs: number; sizeBytes: number }> = {
    output: { blobs: 0, sizeBytes: 0 },
    input: { blobs: 0, sizeBytes: 0 },
    frame: { blobs: 0, sizeBytes: 0 },
  };
  return {
    add(kind, blobs, bytes) {
      byKind[kind].blobs += blobs;
      byKind[kind].sizeBytes += bytes;
    },
    of: (kind) => ({ ...byKind[kind] }),
    get storedBytes() {
      return blobKinds.reduce((sum, kind) => sum + byKind[kind].sizeBytes, 0);
    },
  };
}

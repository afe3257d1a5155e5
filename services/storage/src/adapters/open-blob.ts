import { open } from "node:fs/promises";
import type { OpenBlob } from "../domain/blob-store.ts";
import { resolveRange } from "../domain/range.ts";
import { blobNotFound, corruptBlob } from "./blob-errors.ts";
import { orMissing } from "./fs-errors.ts";
import type { Integrity } from "./integrity.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { Layout } from "./layout.ts";
import { readRange, readVerified, verify } from "./read-blob.ts";
import { type StoredBlob, toStoredBlob } from "./stored-blobs.ts";
import type { VerifiedFiles } from "./verified-files.ts";

/** Parts of a store that a read uses. */
export type OpenParts = {
  readonly layout: Layout;
  readonly locks: KeyedLock;
  readonly verified: VerifiedFiles;
  readonly integrity: Integrity;
  /** Called for each blob that is read. */
  readonly onUse: (blob: StoredBlob) => void;
};

/** Opens a blob, or `lengthBytes` (0: all) of it from `offsetBytes`. A range is read only from a verified blob. */
export async function openBlob(
  { layout, locks, verified, integrity, onUse }: OpenParts,
  sha256: string,
  { offsetBytes, lengthBytes }: { readonly offsetBytes: number; readonly lengthBytes: number },
  signal?: AbortSignal,
): Promise<OpenBlob> {
  const handle = await orMissing(open(layout.blobPath(sha256), "r"));
  if (handle === undefined) throw await blobNotFound(layout, sha256);
  try {
    const blob = toStoredBlob(sha256, await handle.stat());
    const { sizeBytes, keepUntilMs, kind, savedMs } = blob;
    const range = resolveRange(sizeBytes, offsetBytes, lengthBytes);
    const file = {
      handle,
      sha256,
      sizeBytes,
      signal,
      onVerified: () => verified.add(sha256, blob.file),
      async onCorrupt() {
        await locks.run(sha256, () => integrity.quarantineBlob(blob));
        return corruptBlob(sha256);
      },
    };
    const isWhole = range.lengthBytes === sizeBytes;
    if (!isWhole && !verified.has(sha256, blob.file)) await verify(file);
    onUse(blob);
    return {
      stat: { sha256, sizeBytes, keepUntilMs, kind, savedMs },
      ...range,
      chunks: isWhole ? readVerified(file) : readRange(file, range),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

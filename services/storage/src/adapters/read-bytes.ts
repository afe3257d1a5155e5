import { hash } from "node:crypto";
import { expected } from "@pixelmesh/errors";
import { blobNotFound, corruptBlob } from "./blob-errors.ts";
import type { OpenParts } from "./open-blob.ts";
import { readSmallFile } from "./small-file.ts";
import { toStoredBlob } from "./stored-blobs.ts";

/**
 * Returns all bytes of a blob after verifying its digest. Throws BLOB_NOT_FOUND, BLOB_CORRUPT, and INVALID_ARGUMENT for a blob of more than
 * `maxBytes`.
 */
export async function readBytes(
  { layout, locks, verified, integrity, onUse }: OpenParts,
  sha256: string,
  maxBytes: number,
): Promise<Buffer> {
  const found = await readSmallFile(layout.blobPath(sha256), maxBytes);
  if (found === undefined) throw await blobNotFound(layout, sha256);
  const { file, bytes } = found;
  if (bytes === undefined)
    throw expected("sha256", `the digest of a blob of at most ${maxBytes} bytes`, `${file.size} bytes`);
  const blob = toStoredBlob(sha256, file);
  if (hash("sha256", bytes, "hex") !== sha256) {
    await locks.run(sha256, () => integrity.quarantineBlob(blob));
    throw corruptBlob(sha256);
  }
  verified.add(sha256, file);
  onUse(blob);
  return bytes;
}

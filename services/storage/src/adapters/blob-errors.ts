import { stat } from "node:fs/promises";
import { AppError, expected } from "@pixelmesh/errors";
import type { PutOptions } from "../domain/blob-store.ts";
import type { Layout } from "./layout.ts";

/** Returns BLOB_NOT_FOUND; rejects with the error of the file system if the store itself is missing, e.g. not mounted. */
export async function blobNotFound(layout: Layout, sha256: string): Promise<AppError> {
  await stat(layout.blobsDir);
  return new AppError("BLOB_NOT_FOUND", `There is no blob ${sha256}`);
}

/** Returns BLOB_CORRUPT. */
export function corruptBlob(sha256: string): AppError {
  return new AppError("BLOB_CORRUPT", `The stored bytes of ${sha256} no longer have that digest; they were set aside`);
}

/** Returns DIGEST_MISMATCH. */
export function digestMismatch(announced: string, received: string): AppError {
  const { message, fields } = expected("header.sha256", `the digest of the bytes, ${received}`, announced);
  return new AppError("DIGEST_MISMATCH", message, { fields });
}

/** Returns INVALID_ARGUMENT for an upload that is larger than `maxBytes` or does not have its announced size. */
export function wrongSize(put: PutOptions, maxBytes: number, gotBytes: number): AppError {
  if (put.sizeBytes === undefined) return expected("chunk", `at most ${maxBytes} bytes in all`, gotBytes);
  return expected("header.size_bytes", `the number of bytes sent, ${gotBytes} so far`, put.sizeBytes);
}

import { createHash } from "node:crypto";
import type { PutOptions } from "../domain/blob-store.ts";
import { digestMismatch, wrongSize } from "./blob-errors.ts";
import type { SpaceAllocation } from "./capacity.ts";

/** The digest and size of received bytes. */
export type ReceivedUpload = { readonly sha256: string; readonly sizeBytes: number };

/** Where received bytes go. */
export type UploadSink = { write(chunk: Uint8Array): Promise<void> };

/**
 * Reads an upload, hashes it and writes it to `sink`; without a sink it only hashes. Allocates space for what it writes. Throws
 * DIGEST_MISMATCH or INVALID_ARGUMENT if the bytes are not the announced ones or more than `maxBlobBytes`.
 */
export async function receiveUpload(
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  sink: UploadSink | undefined,
  { allocation, maxBlobBytes }: { readonly allocation: SpaceAllocation; readonly maxBlobBytes: number },
  signal: AbortSignal | undefined,
): Promise<ReceivedUpload> {
  const maxBytes = put.sizeBytes ?? maxBlobBytes;
  if (sink !== undefined && put.sizeBytes !== undefined) await allocation.grow(put.sizeBytes);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw wrongSize(put, maxBytes, sizeBytes);
    hash.update(chunk);
    if (sink === undefined) continue;
    if (put.sizeBytes === undefined) await allocation.grow(chunk.byteLength);
    await sink.write(chunk);
  }
  if (put.sizeBytes !== undefined && sizeBytes !== put.sizeBytes) throw wrongSize(put, maxBytes, sizeBytes);
  const sha256 = hash.digest("hex");
  if (put.sha256 !== undefined && sha256 !== put.sha256) throw digestMismatch(put.sha256, sha256);
  signal?.throwIfAborted();
  return { sha256, sizeBytes };
}

import { createHash, hash } from "node:crypto";
import type { JobServiceDefinition, UploadPictureResponse } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { Picture } from "./pictures.ts";

/** The bytes of a picture, or a function that opens a new stream of them. */
export type UploadSource = Uint8Array | { readonly open: () => AsyncIterable<Uint8Array> };

/** Smaller pictures are sent at once: the question would take as long as their bytes. */
export const minAskedBytes = 256 * 1024;
const findTimeoutMs = 10_000;

/** Digest in hex and length of a picture. */
export type MeasuredSource = { readonly sha256: string; readonly sizeBytes: number };

/** Measures a picture with one pass over its bytes. */
export async function measureSource(source: UploadSource): Promise<MeasuredSource> {
  if (source instanceof Uint8Array) return { sha256: hash("sha256", source, "hex"), sizeBytes: source.length };
  const sum = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of source.open()) {
    sizeBytes += chunk.length;
    sum.update(chunk);
  }
  return { sha256: sum.digest("hex"), sizeBytes };
}

/**
 * Returns those of the pictures that the mesh has of this tenant, by digest. With `keep` it keeps them for an hour. Returns none if the mesh does not
 * answer, or is of a former release: the bytes are then sent.
 */
export async function findStored(
  rpc: Pick<RpcClient<JobServiceDefinition>, "findPictures">,
  digests: readonly string[],
  { keep, signal }: { readonly keep: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, UploadPictureResponse>> {
  if (digests.length === 0) return new Map();
  try {
    const call = { timeoutMs: findTimeoutMs, ...(signal ? { signal } : {}) };
    const { pictures } = await rpc.findPictures({ sha256: [...digests], keep }, call);
    return new Map(pictures.map((picture) => [picture.blob?.sha256 ?? "", picture]));
  } catch {
    signal?.throwIfAborted();
    return new Map();
  }
}

/**
 * Returns the digests of those pictures of a job that the mesh has, by their place in the list. Asks for pictures of at least 256 KiB whose bytes can be
 * read twice and whose length is known. Throws what reading a picture throws.
 */
export async function findStoredPictures(
  rpc: Pick<RpcClient<JobServiceDefinition>, "findPictures">,
  pictures: readonly Picture[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, string>> {
  const digests = new Map<number, string>();
  for (const [index, { bytes, open, sha256, sizeBytes = bytes?.length ?? 0 }] of pictures.entries()) {
    const source = bytes ?? (open && { open });
    if (source === undefined || sizeBytes < minAskedBytes) continue;
    signal?.throwIfAborted();
    digests.set(index, sha256 ?? (await measureSource(source)).sha256);
  }
  const found = await findStored(rpc, [...new Set(digests.values())], { keep: false, signal });
  return new Map([...digests].filter(([, digest]) => found.has(digest)));
}

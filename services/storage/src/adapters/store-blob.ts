import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { AppError, expected } from "@pixelmesh/errors";
import { extendedKeepUntil, firstKeepUntil } from "../domain/lifetime.ts";
import type { BlobStat, PutOptions, PutResult } from "../domain/ports.ts";
import type { Capacity, Claim } from "./capacity.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import { mapFull } from "./fs-errors.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { Layout } from "./layout.ts";
import type { TempFile, TempFiles } from "./temp-file.ts";
import { readStat } from "./walk.ts";

/** What of a store a put works on. */
export type StoreParts = {
  readonly options: FileStoreOptions;
  readonly layout: Layout;
  readonly temps: TempFiles;
  readonly locks: KeyedLock;
  readonly capacity: Capacity;
  /** Takes a corrupt blob out of service; the caller holds its lock. */
  readonly setAside: (sha256: string, sizeBytes: number) => Promise<void>;
};

// Held in memory until their digest is known: of the puts that fit, those of bytes that are there need no file.
const smallBytes = 64 * 1024;

/**
 * One put: bytes go to a temporary file while they are hashed; under the digest's lock that file becomes the blob, or the
 * blob that is there lives on. Bytes announced with a digest that is there are hashed but not written; those announced as few
 * are written only when they turn out not to be there.
 */
export async function storeBlob(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  signal?: AbortSignal,
): Promise<PutResult> {
  const claim = parts.capacity.claim();
  if (put.sizeBytes !== undefined && put.sizeBytes > parts.options.maxBlobBytes) {
    throw expected("header.size_bytes", `at most ${parts.options.maxBlobBytes}`, put.sizeBytes);
  }
  const known = put.sha256 === undefined ? undefined : await extendExisting(parts, put.sha256, put);
  if (known === undefined && put.sizeBytes !== undefined && put.sizeBytes <= smallBytes)
    return await storeSmall(parts, chunks, put, claim, signal);
  const temp = known === undefined ? await mapFull(() => parts.temps.create()) : undefined;
  try {
    const received = await receive(parts, chunks, put, temp, claim, signal);
    if (put.sha256 !== undefined && received.sha256 !== put.sha256) throw digestMismatch(put.sha256, received.sha256);
    signal?.throwIfAborted();
    return await parts.locks.run(received.sha256, () => settle(parts, received, put, temp, claim));
  } finally {
    claim.release();
    await temp?.discard();
  }
}

async function storeSmall(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  claim: Claim,
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const held: Uint8Array[] = [];
  let temp: TempFile | undefined;
  const sink = { write: async (chunk: Uint8Array) => void held.push(chunk) };
  try {
    const received = await receive(parts, chunks, put, sink, claim, signal);
    if (put.sha256 !== undefined && received.sha256 !== put.sha256) throw digestMismatch(put.sha256, received.sha256);
    signal?.throwIfAborted();
    return await parts.locks.run(received.sha256, async () => {
      const existing = await findExisting(parts, received, put);
      if (existing !== undefined) return existing;
      const file = await mapFull(() => parts.temps.create());
      temp = file;
      for (const chunk of held) await mapFull(() => file.write(chunk));
      return await commit(parts, received, put, file, claim);
    });
  } finally {
    claim.release();
    await temp?.discard();
  }
}

type Received = { readonly sha256: string; readonly sizeBytes: number };

async function receive(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  temp: Pick<TempFile, "write"> | undefined,
  claim: Claim,
  signal: AbortSignal | undefined,
): Promise<Received> {
  const maxBytes = put.sizeBytes ?? parts.options.maxBlobBytes;
  if (temp !== undefined && put.sizeBytes !== undefined) await claim.grow(put.sizeBytes);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw wrongSize(put, maxBytes, sizeBytes);
    hash.update(chunk);
    if (temp === undefined) continue;
    if (put.sizeBytes === undefined) await claim.grow(chunk.byteLength);
    await mapFull(() => temp.write(chunk));
  }
  if (put.sizeBytes !== undefined && sizeBytes !== put.sizeBytes) throw wrongSize(put, maxBytes, sizeBytes);
  return { sha256: hash.digest("hex"), sizeBytes };
}

async function settle(
  parts: StoreParts,
  received: Received,
  put: PutOptions,
  temp: TempFile | undefined,
  claim: Claim,
): Promise<PutResult> {
  const existing = await findExisting(parts, received, put);
  if (existing !== undefined) return existing;
  if (temp === undefined)
    throw new AppError("INTERNAL", `Blob ${received.sha256} was lost while it was put again; repeat the put`);
  return await commit(parts, received, put, temp, claim);
}

/** The blob that is there, its life extended; one of another size is set aside. */
async function findExisting(
  parts: StoreParts,
  { sha256, sizeBytes }: Received,
  put: PutOptions,
): Promise<PutResult | undefined> {
  const existing = await readStat(parts.layout.blobPath(sha256), sha256);
  if (existing?.sizeBytes === sizeBytes) return { ...(await extend(parts, existing, put)), existed: true };
  if (existing !== undefined) await parts.setAside(sha256, existing.sizeBytes);
  return undefined;
}

async function commit(
  parts: StoreParts,
  { sha256, sizeBytes }: Received,
  put: PutOptions,
  temp: TempFile,
  claim: Claim,
): Promise<PutResult> {
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, parts.options.unixMs(), parts.options.lifetime);
  await mapFull(() => temp.commit(sha256, keepUntilMs));
  claim.store();
  return { sha256, sizeBytes, keepUntilMs, existed: false };
}

/** Extends a blob that may spare the upload the writing; undefined where there is none of the announced size. */
async function extendExisting(parts: StoreParts, sha256: string, put: PutOptions): Promise<BlobStat | undefined> {
  return await parts.locks.run(sha256, async () => {
    const existing = await readStat(parts.layout.blobPath(sha256), sha256);
    if (existing === undefined) return undefined;
    if (put.sizeBytes !== undefined && put.sizeBytes !== existing.sizeBytes) return undefined;
    return await extend(parts, existing, put);
  });
}

async function extend(parts: StoreParts, blob: BlobStat, put: PutOptions): Promise<BlobStat> {
  const { lifetime, unixMs } = parts.options;
  const wantedMs = firstKeepUntil(put.keepUntilMs, unixMs(), lifetime);
  const keepUntilMs = extendedKeepUntil(blob.keepUntilMs, wantedMs, lifetime);
  if (keepUntilMs === blob.keepUntilMs) return blob;
  const handle = await open(parts.layout.blobPath(blob.sha256), "r");
  try {
    await handle.utimes(keepUntilMs / 1000, keepUntilMs / 1000);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { ...blob, keepUntilMs };
}

function digestMismatch(announced: string, received: string): AppError {
  const { message, fields } = expected("header.sha256", `the digest of the bytes, ${received}`, announced);
  return new AppError("DIGEST_MISMATCH", message, { fields });
}

function wrongSize(put: PutOptions, maxBytes: number, gotBytes: number): AppError {
  if (put.sizeBytes === undefined) return expected("chunk", `at most ${maxBytes} bytes in all`, gotBytes);
  return expected("header.size_bytes", `the number of bytes sent, ${gotBytes} so far`, put.sizeBytes);
}

import { createHash } from "node:crypto";
import { AppError, expected } from "@pixelmesh/errors";
import { toMarkMs } from "../domain/kind.ts";
import { firstKeepUntil } from "../domain/lifetime.ts";
import type { PutOptions, PutResult } from "../domain/ports.ts";
import type { Claim } from "./capacity.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import { type KeepingParts, keepBlob } from "./keeping.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { TempFile, TempFiles } from "./temp-file.ts";
import { readStat, type StoredBlob } from "./walk.ts";

/** What of a store a put works on. */
export type StoreParts = KeepingParts & {
  readonly options: FileStoreOptions;
  readonly temps: TempFiles;
  readonly locks: KeyedLock;
  /** Whether a blob's bytes have their digest; those that do not are taken out of service. The caller holds the lock. */
  readonly isWhole: (blob: StoredBlob, signal?: AbortSignal) => Promise<boolean>;
  /** Takes a corrupt blob out of service; the caller holds its lock. */
  readonly setAside: (blob: StoredBlob) => Promise<void>;
};

// Held in memory until their digest is known: of the puts that fit, those of bytes that are there need no file.
const smallBytes = 64 * 1024;

/**
 * One put: bytes go to a temporary file while they are hashed; under the digest's lock that file becomes the blob, or the
 * blob that is there, once it is known to be whole, lives on. Bytes announced with a digest that is there are hashed but not
 * written; those announced as few are written only when they turn out not to be there.
 */
export async function storeBlob(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  signal?: AbortSignal,
): Promise<PutResult> {
  const claim = parts.capacity.claim(put.jobId);
  if (put.sizeBytes !== undefined && put.sizeBytes > parts.options.maxBlobBytes) {
    throw expected("header.size_bytes", `at most ${parts.options.maxBlobBytes}`, put.sizeBytes);
  }
  const known = put.sha256 === undefined ? undefined : await extendExisting(parts, put.sha256, put, signal);
  if (known === undefined && put.sizeBytes !== undefined && put.sizeBytes <= smallBytes)
    return await storeSmall(parts, chunks, put, claim, signal);
  const temp = known === undefined ? await parts.temps.create() : undefined;
  try {
    const received = await receive(parts, chunks, put, temp, claim, signal);
    if (put.sha256 !== undefined && received.sha256 !== put.sha256) throw digestMismatch(put.sha256, received.sha256);
    signal?.throwIfAborted();
    return await parts.locks.run(received.sha256, () => settle(parts, received, put, temp, claim, signal));
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
      const existing = await findExisting(parts, received, put, signal);
      if (existing !== undefined) return existing;
      const file = await parts.temps.create();
      temp = file;
      for (const chunk of held) await file.write(chunk);
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
    await temp.write(chunk);
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
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const existing = await findExisting(parts, received, put, signal);
  if (existing !== undefined) return existing;
  if (temp === undefined)
    throw new AppError("INTERNAL", `Blob ${received.sha256} was lost while it was put again; repeat the put`);
  return await commit(parts, received, put, temp, claim);
}

/** The blob that is there, its life extended; one that is not whole is set aside. */
async function findExisting(
  parts: StoreParts,
  { sha256, sizeBytes }: Received,
  put: PutOptions,
  signal: AbortSignal | undefined,
): Promise<PutResult | undefined> {
  const existing = await readStat(parts.layout.blobPath(sha256), sha256);
  if (existing === undefined) return undefined;
  if (existing.sizeBytes !== sizeBytes) await parts.setAside(existing);
  else if (await parts.isWhole(existing, signal))
    return { ...toStat(await extend(parts, existing, put)), existed: true };
  return undefined;
}

async function commit(
  parts: StoreParts,
  { sha256, sizeBytes }: Received,
  put: PutOptions,
  temp: TempFile,
  claim: Claim,
): Promise<PutResult> {
  const { lifetime, unixMs } = parts.options;
  const { kind = "output", jobId = "" } = put;
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, unixMs(), lifetime, kind);
  const file = await temp.commit(sha256, toMarkMs({ keepUntilMs, kind }));
  claim.store(kind);
  parts.verified.add(sha256, file);
  if (kind !== "output" && jobId !== "") parts.holds.add(sha256, jobId, keepUntilMs, 0);
  return { sha256, sizeBytes, keepUntilMs, kind, existed: false };
}

/** Extends a blob that may spare the upload the writing; undefined where there is none of the announced size that is whole. */
async function extendExisting(
  parts: StoreParts,
  sha256: string,
  put: PutOptions,
  signal: AbortSignal | undefined,
): Promise<StoredBlob | undefined> {
  return await parts.locks.run(sha256, async () => {
    const existing = await readStat(parts.layout.blobPath(sha256), sha256);
    if (existing === undefined) return undefined;
    if (put.sizeBytes !== undefined && put.sizeBytes !== existing.sizeBytes) return undefined;
    return (await parts.isWhole(existing, signal)) ? await extend(parts, existing, put) : undefined;
  });
}

/** Of an output the new life is on disk before it is answered. */
function extend(parts: StoreParts, blob: StoredBlob, put: PutOptions): Promise<StoredBlob> {
  const { lifetime, unixMs } = parts.options;
  const { kind = "output" } = put;
  return keepBlob(parts, blob, firstKeepUntil(put.keepUntilMs, unixMs(), lifetime, kind), put, kind === "output");
}

function toStat({ sha256, sizeBytes, keepUntilMs, kind }: StoredBlob) {
  return { sha256, sizeBytes, keepUntilMs, kind };
}

function digestMismatch(announced: string, received: string): AppError {
  const { message, fields } = expected("header.sha256", `the digest of the bytes, ${received}`, announced);
  return new AppError("DIGEST_MISMATCH", message, { fields });
}

function wrongSize(put: PutOptions, maxBytes: number, gotBytes: number): AppError {
  if (put.sizeBytes === undefined) return expected("chunk", `at most ${maxBytes} bytes in all`, gotBytes);
  return expected("header.size_bytes", `the number of bytes sent, ${gotBytes} so far`, put.sizeBytes);
}

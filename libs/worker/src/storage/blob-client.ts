import { AppError, type Reason } from "@pixelmesh/errors";
import type { Content, GrowingContent } from "@pixelmesh/imaging";
import {
  type Blob,
  BlobKind,
  type PutBlobHeader,
  type PutBlobRequest,
  type PutBlobResponse,
  type StatBlobResponse,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import { maxSmallBlobBytes, type RpcConnection, restartable, splitHeader, toChunks } from "@pixelmesh/rpc";
import { withCallInfo } from "@pixelmesh/telemetry";
import { createReleaseBatch } from "./release-batch.ts";

/** A blob that is being downloaded. */
export type BlobStream = { readonly sizeBytes: number; readonly parts: AsyncIterable<Uint8Array> };

/** The purpose of a blob and how long it is kept. */
export type BlobRetention = {
  readonly kind: BlobKind;
  /** The job that needs them; empty: none. */
  readonly jobId: string;
  readonly keepUntilUnixMs: number;
  /** Time that each further use of the bytes saves, in milliseconds. Default: unknown. */
  readonly savedMs?: number;
};

/** Storage space that a job reserves: the expected peak in bytes, and the part of it that is certain. */
export type ReservationRequest = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes; empty: the job shares with no other. */
  readonly key: string;
  readonly bytes: number;
  readonly leastBytes: number;
  readonly untilUnixMs: number;
};

/** Reads and writes blobs. */
export type BlobClient = {
  /**
   * Returns the bytes of a blob; those of a small one come in one message if its size is known (not 0). Throws BLOB_NOT_FOUND, BLOB_CORRUPT, or
   * IMAGE_TOO_MANY_BYTES above `maxBytes`.
   */
  get(blob: Pick<Blob, "sha256" | "sizeBytes">, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Streams the bytes. Throws like `get`; if the blob ends too early, `parts` throws. */
  read(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<BlobStream>;
  /** Stores bytes; few of them in one message. */
  put(
    content: Content | GrowingContent,
    mediaType: string,
    retention: BlobRetention,
    signal?: AbortSignal,
  ): Promise<Blob>;
  /**
   * Returns the stored blob of a digest; undefined if there is none or, where a retention is given, if its bytes do not have the digest. Its retention is
   * extended then. `sizeBytes` is that of storage.
   */
  find(sha256: string, retention?: BlobRetention, signal?: AbortSignal): Promise<Blob | undefined>;
  /** Extends the retention of a blob. Returns whether it exists and has its digest. */
  extend(sha256: string, retention: BlobRetention): Promise<boolean>;
  /**
   * As `extend`, for a blob of a stored result. Returns the fastest tier of storage that holds it (empty: storage does not say); undefined if it is gone or
   * corrupt.
   */
  reuse(sha256: string, retention: BlobRetention): Promise<{ readonly tier: string } | undefined>;
  /** Reserves space for a job. Throws STORAGE_FULL if there is none now, OUTPUT_TOO_LARGE if there never can be. */
  reserve(request: ReservationRequest): Promise<void>;
  /** Releases blobs that a job no longer needs; without digests, all of them and its reservation, together with other jobs' within 50 ms. */
  release(jobId: string, digests?: readonly string[]): Promise<void>;
};

const transferTimeoutMs = 120_000;
// Verifying reads the whole blob.
const verifyTimeoutMs = 60_000;
const shortTimeoutMs = 5_000;

/** Reasons for which a blob counts as missing. */
const gone: ReadonlySet<string> = new Set<Reason>(["BLOB_NOT_FOUND", "BLOB_CORRUPT"]);
/** Storage holds each chunk in memory until it is complete: small chunks allow more puts at once. */
const putChunkBytes = 256 * 1024;

/** Creates a blob client for a connection to the storage service. */
export function connectBlobs(connection: RpcConnection): BlobClient {
  const storage = connection.client(StorageServiceDefinition);
  const releaseAll = createReleaseBatch(([jobId = "", ...furtherJobIds]) =>
    // Without the deadline and the tenant of the call that opened the batch.
    withCallInfo({ deadlineUnixMs: Number.POSITIVE_INFINITY, tenant: "" }, async () => {
      const options = { timeoutMs: shortTimeoutMs, repeat: true };
      const { releasedJobs } = await storage.releaseBlobs({ jobId, furtherJobIds }, options);
      if (releasedJobs === 0) for (const id of furtherJobIds) await storage.releaseBlobs({ jobId: id }, options);
    }),
  );
  async function read(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<BlobStream> {
    const options = { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) };
    const { header, chunks } = await splitHeader(storage.getBlob({ sha256 }, options));
    const sizeBytes = header.lengthBytes;
    if (sizeBytes > maxBytes) {
      await chunks.return();
      throw new AppError("IMAGE_TOO_MANY_BYTES", `Expected at most ${maxBytes} bytes, got ${sizeBytes}`);
    }
    async function* whole(): AsyncGenerator<Uint8Array> {
      let at = 0;
      for await (const chunk of chunks) {
        at += chunk.length;
        yield chunk;
      }
      if (at !== sizeBytes) throw new AppError("BLOB_CORRUPT", `Expected ${sizeBytes} bytes of the blob, got ${at}`);
    }
    return { sizeBytes, parts: whole() };
  }

  async function readWhole(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { sizeBytes, parts } = await read(sha256, maxBytes, signal);
    return joinParts(sizeBytes, parts);
  }

  async function putStream(
    { parts }: Content | GrowingContent,
    header: PutBlobHeader,
    options: CallTimes,
  ): Promise<PutBlobResponse> {
    async function* messages(): AsyncGenerator<PutBlobRequest> {
      yield { part: { $case: "header", value: header } };
      for await (const part of parts())
        for (const value of toChunks(part, putChunkBytes)) yield { part: { $case: "chunk", value } };
      yield { part: { $case: "end", value: {} } };
    }
    return await storage.putBlob(restartable(messages), options);
  }

  async function stat(
    sha256: string,
    retention?: BlobRetention,
    signal?: AbortSignal,
  ): Promise<StatBlobResponse | undefined> {
    const use = retention ?? { kind: BlobKind.UNSPECIFIED, jobId: "", keepUntilUnixMs: 0 };
    const request = { savedMs: 0, ...use, sha256, verify: retention !== undefined };
    try {
      const options = { timeoutMs: verifyTimeoutMs, repeat: true, ...(signal ? { signal } : {}) };
      return await storage.statBlob(request, options);
    } catch (error) {
      if (error instanceof AppError && gone.has(error.reason)) return undefined;
      throw error;
    }
  }

  return {
    read,
    find: async (...asked) => (await stat(...asked))?.blob,
    async reuse(sha256, retention) {
      const found = await stat(sha256, retention);
      return found && { tier: found.tier };
    },
    async get({ sha256, sizeBytes }, maxBytes, signal) {
      if (sizeBytes === 0 || sizeBytes > Math.min(maxSmallBlobBytes, maxBytes))
        return await readWhole(sha256, maxBytes, signal);
      const options = { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) };
      return await orByStream(
        async () => (await storage.getSmallBlob({ sha256 }, options)).content,
        () => readWhole(sha256, maxBytes, signal),
      );
    },
    async put(content, mediaType, retention, signal) {
      const { sizeBytes } = content;
      const header = { sha256: "", sizeBytes: sizeBytes ?? 0, mediaType, savedMs: 0, ...retention };
      const options = { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) };
      const byStream = () => putStream(content, header, options);
      const { blob } = await (sizeBytes === undefined || sizeBytes > maxSmallBlobBytes
        ? byStream()
        : orByStream(async () => {
            const bytes = await joinParts(sizeBytes, content.parts());
            return await storage.putSmallBlob({ header, content: bytes }, options);
          }, byStream));
      if (!blob) throw new AppError("INTERNAL", "Storage answered a put without a blob");
      return blob;
    },
    extend: async (sha256, retention) => (await stat(sha256, retention)) !== undefined,
    async reserve(request) {
      await storage.reserveSpace({ ...request }, { timeoutMs: shortTimeoutMs, repeat: true });
    },
    async release(jobId, digests = []) {
      if (digests.length === 0) return releaseAll(jobId);
      await storage.releaseBlobs({ jobId, sha256: [...digests] }, { timeoutMs: shortTimeoutMs, repeat: true });
    },
  };
}

function wrongLength(expectedBytes: number, gotBytes: number): AppError {
  return new AppError("INTERNAL", `Expected ${expectedBytes} bytes, got ${gotBytes}`);
}

type CallTimes = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** Calls `inOneMessage`, or `byStream` if the storage is of a release without calls in one message. */
async function orByStream<T>(inOneMessage: () => Promise<T>, byStream: () => Promise<T>): Promise<T> {
  try {
    return await inOneMessage();
  } catch (error) {
    if (error instanceof AppError && error.reason === "METHOD_UNIMPLEMENTED") return await byStream();
    throw error;
  }
}

/** Returns parts of `sizeBytes` in all as one array, which is the part itself if there is only one. Throws INTERNAL for other parts. */
async function joinParts(sizeBytes: number, parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  let at = 0;
  for await (const part of parts) {
    if (at === 0 && part.length === sizeBytes) return part;
    if (at + part.length > sizeBytes) throw wrongLength(sizeBytes, at + part.length);
    // Not zeroed, and not from the pool: every byte is set, or it throws; the caller may free the memory.
    bytes ??= Buffer.allocUnsafeSlow(sizeBytes);
    bytes.set(part, at);
    at += part.length;
  }
  if (at !== sizeBytes) throw wrongLength(sizeBytes, at);
  return bytes ?? new Uint8Array(0);
}

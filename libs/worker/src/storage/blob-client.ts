import { AppError, type Reason } from "@pixelmesh/errors";
import type { Content } from "@pixelmesh/imaging";
import { type Blob, type BlobKind, type PutBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { type RpcConnection, restartable, splitHeader, toChunks } from "@pixelmesh/rpc";

/** A blob on its way here. */
export type BlobStream = { readonly sizeBytes: number; readonly parts: AsyncIterable<Uint8Array> };

/** The purpose and the time that bytes are kept for. */
export type Keep = {
  readonly kind: BlobKind;
  /** The job that needs them; empty: none. */
  readonly jobId: string;
  readonly keepUntilUnixMs: number;
};

/** Room that a job reserves: what it is expected to take at one time, and the part of that which is certain. */
export type RoomWish = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes; empty: the job shares with none. */
  readonly key: string;
  readonly bytes: number;
  readonly leastBytes: number;
  readonly untilUnixMs: number;
};

/** Reading and writing blobs. */
export type BlobClient = {
  /** The bytes; BLOB_NOT_FOUND, BLOB_CORRUPT, or IMAGE_TOO_MANY_BYTES above `maxBytes`. */
  get(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The bytes as they come; fails as `get` does, the parts where the blob ends too early. */
  read(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<BlobStream>;
  /** Stores bytes. */
  put(content: Content, mediaType: string, keep: Keep, signal?: AbortSignal): Promise<Blob>;
  /** Whether the blob is there and has its digest; extends its life. */
  extend(sha256: string, keep: Keep): Promise<boolean>;
  /** Reserves room for a job; STORAGE_FULL where there is none, OUTPUT_TOO_LARGE where there never can be. */
  reserve(wish: RoomWish): Promise<void>;
  /** A job no longer needs some blobs; without digests, any, nor its reservation. */
  release(jobId: string, digests?: readonly string[]): Promise<void>;
};

const transferTimeoutMs = 120_000;
// The largest blob may have to be read whole.
const verifyTimeoutMs = 60_000;
const shortTimeoutMs = 5_000;

/** Failures that say that a blob is of no use any more. */
const gone: ReadonlySet<string> = new Set<Reason>(["BLOB_NOT_FOUND", "BLOB_CORRUPT"]);
/** Storage holds each chunk until it is whole: small ones let it take more puts at once. */
const putChunkBytes = 256 * 1024;

/** A blob client over a connection to the storage service. */
export function connectBlobs(connection: RpcConnection): BlobClient {
  const storage = connection.client(StorageServiceDefinition);
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

  return {
    read,
    async get(sha256, maxBytes, signal) {
      const { sizeBytes, parts } = await read(sha256, maxBytes, signal);
      const bytes = new Uint8Array(sizeBytes);
      let at = 0;
      for await (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    async put({ sizeBytes, parts }, mediaType, keep, signal) {
      async function* messages(): AsyncGenerator<PutBlobRequest> {
        yield { part: { $case: "header", value: { sha256: "", sizeBytes, mediaType, ...keep } } };
        for await (const part of parts())
          for (const value of toChunks(part, putChunkBytes)) yield { part: { $case: "chunk", value } };
        yield { part: { $case: "end", value: {} } };
      }
      const options = { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) };
      const { blob } = await storage.putBlob(restartable(messages), options);
      if (!blob) throw new AppError("INTERNAL", "Storage answered a put without a blob");
      return blob;
    },
    async extend(sha256, keep) {
      try {
        const request = { ...keep, sha256, verify: true };
        await storage.statBlob(request, { timeoutMs: verifyTimeoutMs, repeat: true });
        return true;
      } catch (error) {
        if (error instanceof AppError && gone.has(error.reason)) return false;
        throw error;
      }
    },
    async reserve(wish) {
      await storage.reserveRoom({ ...wish }, { timeoutMs: shortTimeoutMs, repeat: true });
    },
    async release(jobId, digests = []) {
      await storage.releaseBlobs({ jobId, sha256: [...digests] }, { timeoutMs: shortTimeoutMs, repeat: true });
    },
  };
}

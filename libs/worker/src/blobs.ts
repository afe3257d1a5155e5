import { AppError } from "@pixelmesh/errors";
import type { Content } from "@pixelmesh/imaging";
import { type Blob, type PutBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { type RpcConnection, repeatRefused, splitHeader, toChunks } from "@pixelmesh/rpc";

/** A blob on its way here. */
export type BlobStream = { readonly sizeBytes: number; readonly parts: AsyncIterable<Uint8Array> };

/** Reading and writing blobs. */
export type BlobClient = {
  /** The bytes; BLOB_NOT_FOUND, BLOB_CORRUPT, or IMAGE_TOO_MANY_BYTES above `maxBytes`. */
  get(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The bytes as they come; fails as `get` does, the parts where the blob ends too early. */
  read(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<BlobStream>;
  /** Stores bytes; kept at least until `keepUntilUnixMs`. */
  put(content: Content, mediaType: string, keepUntilUnixMs: number, signal?: AbortSignal): Promise<Blob>;
  /** Whether the blob is there; extends its life. */
  extend(sha256: string, keepUntilUnixMs: number): Promise<boolean>;
};

const transferTimeoutMs = 120_000;

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
    async put({ sizeBytes, parts }, mediaType, keepUntilUnixMs, signal) {
      async function* messages(): AsyncGenerator<PutBlobRequest> {
        yield { part: { $case: "header", value: { sha256: "", sizeBytes, mediaType, keepUntilUnixMs } } };
        for await (const part of parts()) for (const value of toChunks(part)) yield { part: { $case: "chunk", value } };
        yield { part: { $case: "end", value: {} } };
      }
      const options = { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) };
      const { blob } = await repeatRefused(() => storage.putBlob(messages(), options));
      if (!blob) throw new AppError("INTERNAL", "Storage answered a put without a blob");
      return blob;
    },
    async extend(sha256, keepUntilUnixMs) {
      try {
        await storage.statBlob({ sha256, keepUntilUnixMs }, { timeoutMs: 5_000, repeat: true });
        return true;
      } catch (error) {
        if (error instanceof AppError && error.reason === "BLOB_NOT_FOUND") return false;
        throw error;
      }
    },
  };
}

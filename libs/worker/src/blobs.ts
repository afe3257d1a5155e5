import { AppError } from "@pixelmesh/errors";
import { type Blob, type PutBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { type RpcConnection, toChunks } from "@pixelmesh/rpc";

/** Reading and writing whole blobs. */
export type BlobClient = {
  /** The bytes; BLOB_NOT_FOUND, BLOB_CORRUPT, or IMAGE_TOO_MANY_BYTES above `maxBytes`. */
  get(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Stores bytes given in parts; kept at least until `keepUntilUnixMs`. */
  put(parts: readonly Uint8Array[], mediaType: string, keepUntilUnixMs: number, signal?: AbortSignal): Promise<Blob>;
  /** Whether the blob is there; extends its life. */
  extend(sha256: string, keepUntilUnixMs: number): Promise<boolean>;
};

const transferTimeoutMs = 120_000;

/** A blob client over a connection to the storage service. */
export function connectBlobs(connection: RpcConnection): BlobClient {
  const storage = connection.client(StorageServiceDefinition);
  return {
    async get(sha256, maxBytes, signal) {
      let bytes = new Uint8Array(0);
      let at = 0;
      for await (const { part } of storage.getBlob(
        { sha256 },
        { timeoutMs: transferTimeoutMs, ...(signal ? { signal } : {}) },
      )) {
        if (part?.$case === "header") {
          if (part.value.lengthBytes > maxBytes)
            throw new AppError(
              "IMAGE_TOO_MANY_BYTES",
              `Expected at most ${maxBytes} bytes, got ${part.value.lengthBytes}`,
            );
          bytes = new Uint8Array(part.value.lengthBytes);
        } else if (part) {
          bytes.set(part.value, at);
          at += part.value.length;
        }
      }
      if (at !== bytes.length)
        throw new AppError("BLOB_CORRUPT", `Expected ${bytes.length} bytes of the blob, got ${at}`);
      return bytes;
    },
    async put(parts, mediaType, keepUntilUnixMs, signal) {
      const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
      async function* messages(): AsyncGenerator<PutBlobRequest> {
        yield { part: { $case: "header", value: { sha256: "", sizeBytes, mediaType, keepUntilUnixMs } } };
        for (const part of parts) for (const value of toChunks(part)) yield { part: { $case: "chunk", value } };
        yield { part: { $case: "end", value: {} } };
      }
      const { blob } = await storage.putBlob(messages(), {
        timeoutMs: transferTimeoutMs,
        ...(signal ? { signal } : {}),
      });
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

import { createByteBudget } from "@pixelmesh/rpc";
import type { ColdStore } from "../../domain/cold-store.ts";
import { createObjectStats } from "./object-stats.ts";
import { createPutLarge, partsAtOnce } from "./put-large.ts";
import { createPutObject } from "./put-object.ts";
import { readObject } from "./read-object.ts";
import { parseS3Address, toKey, toQuarantineKey } from "./s3-address.ts";
import { callS3, type RequestOptions } from "./s3-call.ts";
import { connectS3 } from "./s3-client.ts";
import { isMissing } from "./s3-errors.ts";
import type { S3Settings } from "./s3-fields.ts";
import { createUploadSweep } from "./sweep-uploads.ts";

/**
 * Opens a bucket as the shared store: blobs are `<prefix>blobs/<sha256>`, those set aside `<prefix>quarantine/<sha256>`. Sends nothing yet. Throws
 * INVALID_ARGUMENT for a wrong address. Beside the failures of the port, puts throw QUEUE_FULL if the memory of uploads stays taken for 10 s.
 */
export async function openS3Store(settings: S3Settings, unixMs: () => number = Date.now): Promise<ColdStore> {
  const address = parseS3Address(settings.address);
  const connection = await connectS3(settings);
  const parts = { ...connection, settings, address };
  const { sdk, client } = parts;
  const Bucket = address.bucket;
  const stats = createObjectStats(parts);
  const putObject = createPutObject(parts, stats);
  const putLarge = createPutLarge(parts, stats);
  const sweepUploads = createUploadSweep(parts, unixMs);
  const memory = createByteBudget({ totalBytes: settings.s3UploadMemoryBytes, name: "uploads to S3" });

  async function removeKey(Key: string, options: RequestOptions): Promise<void> {
    await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }), options).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }

  return {
    async put(sha256, source, signal) {
      const isLarge = source.sizeBytes > settings.s3PartBytes;
      const share = await memory.take(isLarge ? (partsAtOnce + 1) * settings.s3PartBytes : source.sizeBytes, signal);
      try {
        const put = isLarge ? putLarge : putObject;
        return await callS3(parts, "a put", signal, (options) => put(sha256, source, options));
      } finally {
        share.release();
      }
    },
    async stat(sha256, signal) {
      const found = await callS3(parts, "a stat", signal, (options) => stats.stat(sha256, options));
      return found && { sizeBytes: found.sizeBytes, storedMs: found.storedMs };
    },
    async read(sha256, range, signal) {
      return await readObject(parts, sha256, range, signal);
    },
    async remove(sha256, signal) {
      await callS3(parts, "a removal", signal, (options) => removeKey(toKey(address, sha256), options));
    },
    async quarantine(sha256, signal) {
      const CopySource = `${Bucket}/${toKey(address, sha256)}`;
      const copy = new sdk.CopyObjectCommand({ Bucket, Key: toQuarantineKey(address, sha256), CopySource });
      await callS3(parts, "a quarantine", signal, async (options) => {
        const isThere = await client.send(copy, options).then(
          () => true,
          (error) => {
            if (isMissing(error)) return false;
            throw error;
          },
        );
        if (isThere) await removeKey(toKey(address, sha256), options);
      });
    },
    async list(limit, next, signal) {
      return await callS3(parts, "a listing", signal, (options) => stats.list(limit, next, options));
    },
    async check(signal) {
      await callS3(parts, "a check", signal, (options) => stats.list(1, undefined, options));
    },
    async sweep(signal) {
      return await callS3(parts, "a sweep", signal, sweepUploads);
    },
    async close() {
      client.destroy();
    },
  };
}

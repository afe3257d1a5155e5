import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import type { ColdSource } from "../../domain/cold-store.ts";
import type { ObjectStats } from "./object-stats.ts";
import { checkedBytes, isSame, type PutObject, toPutFields } from "./put-object.ts";
import type { RequestOptions, S3Parts } from "./s3-call.ts";

/** Parts of one blob that are sent at once. */
export const partsAtOnce = 2;
/** Longest wait for the end of a failed upload. */
const abortMs = 10_000;

/** Creates the put of large blobs, in parts. The object appears whole or not at all; a failed upload is aborted. */
export function createPutLarge(parts: S3Parts, stats: ObjectStats): PutObject {
  const { sdk, client, settings, address } = parts;

  async function abort(Key: string, UploadId: string): Promise<void> {
    const command = new sdk.AbortMultipartUploadCommand({ Bucket: address.bucket, Key, UploadId });
    // What stays is removed by a later sweep.
    await client.send(command, { abortSignal: AbortSignal.timeout(abortMs) }).catch(() => {});
  }

  return async (sha256, source, options) => {
    if (isSame(await stats.stat(sha256, options), sha256, source.sizeBytes)) return false;
    const { Upload } = await import("@aws-sdk/lib-storage");
    const fields = toPutFields(parts, sha256);
    const scoped = toScopedClient(client, options.abortSignal);
    const body = Readable.from(checkedBytes(source, sha256), { objectMode: true });
    const upload = new Upload({
      client: scoped.client,
      params: { ...fields, Body: body, ...(settings.s3Checksum === "sha256" ? { ChecksumAlgorithm: "SHA256" } : {}) },
      queueSize: partsAtOnce,
      partSize: settings.s3PartBytes,
      leavePartsOnError: true,
    });
    try {
      await upload.done();
      return true;
    } catch (error) {
      body.destroy();
      const uploadId = scoped.uploadId();
      // The answer to the last request may be lost while the object is there.
      const isStored = await isThere(sha256, source, options);
      if (uploadId !== undefined && !isStored) await abort(fields.Key ?? "", uploadId);
      if (isStored) return true;
      throw error;
    }
  };

  async function isThere(sha256: string, source: ColdSource, options: RequestOptions): Promise<boolean> {
    const abortSignal = AbortSignal.timeout(abortMs);
    const stored = await stats.stat(sha256, { ...options, abortSignal }).catch(() => undefined);
    return isSame(stored, sha256, source.sizeBytes);
  }
}

/** Returns a view of a client whose requests end with a signal, and which remembers the id of the upload that it began. */
function toScopedClient(client: S3Client, abortSignal: AbortSignal) {
  let uploadId: string | undefined;
  const send = async (command: Parameters<S3Client["send"]>[0]) => {
    const output = await client.send(command, { abortSignal });
    if ("UploadId" in output) uploadId ??= output.UploadId;
    return output;
  };
  return { client: Object.create(client, { send: { value: send } }) as S3Client, uploadId: () => uploadId };
}

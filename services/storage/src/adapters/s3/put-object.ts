import { createHash } from "node:crypto";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { AppError } from "@pixelmesh/errors";
import type { ColdSource } from "../../domain/cold-store.ts";
import type { ObjectStat, ObjectStats } from "./object-stats.ts";
import { toKey } from "./s3-address.ts";
import type { RequestOptions, S3Parts } from "./s3-call.ts";
import { attemptsOf, codeOf, statusOf } from "./s3-errors.ts";

/** Returns the fields of all puts of a blob. */
export function toPutFields({ address, settings }: S3Parts, sha256: string): PutObjectCommandInput {
  const { s3StorageClass, s3Encryption, s3KmsKey } = settings;
  return {
    Bucket: address.bucket,
    Key: toKey(address, sha256),
    ContentType: "application/octet-stream",
    // The type is open: servers have classes of their own.
    ...(s3StorageClass === ""
      ? {}
      : { StorageClass: s3StorageClass as NonNullable<PutObjectCommandInput["StorageClass"]> }),
    ...(s3Encryption === "bucket" ? {} : { ServerSideEncryption: s3Encryption }),
    ...(s3Encryption === "aws:kms" && s3KmsKey !== "" ? { SSEKMSKeyId: s3KmsKey } : {}),
  };
}

/** Whether a stored object is the blob: by its size, and its checksum where the server keeps one. */
export function isSame(stored: ObjectStat | undefined, sha256: string, sizeBytes: number): boolean {
  if (stored?.sizeBytes !== sizeBytes) return false;
  return stored.checksumSha256 === undefined || stored.checksumSha256 === toBase64(sha256);
}

/** Yields the bytes of a source; throws DIGEST_MISMATCH at the end, before it ends, if size or digest is wrong. */
export async function* checkedBytes(source: ColdSource, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source.open()) {
    bytes += chunk.byteLength;
    if (bytes > source.sizeBytes) break;
    hash.update(chunk);
    yield chunk;
  }
  if (bytes !== source.sizeBytes)
    throw new AppError("DIGEST_MISMATCH", `Expected ${source.sizeBytes} bytes of blob ${sha256}, got ${bytes} or more`);
  const got = hash.digest("hex");
  if (got !== sha256) throw new AppError("DIGEST_MISMATCH", `Expected bytes with the digest ${sha256}, got ${got}`);
}

/** Puts of blobs that are sent at once. */
export type PutObject = (sha256: string, source: ColdSource, options: RequestOptions) => Promise<boolean>;

/** Creates the put of small blobs. Equal bytes are refused by the server itself, or looked for first where it cannot. */
export function createPutObject(parts: S3Parts, stats: ObjectStats): PutObject {
  const { sdk, client, settings } = parts;
  /** Whether the server knows `If-None-Match: *` on puts. */
  let isConditional = true;

  async function send(sha256: string, bytes: Uint8Array, onlyNew: boolean, options: RequestOptions): Promise<void> {
    const command = new sdk.PutObjectCommand({
      ...toPutFields(parts, sha256),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ...(settings.s3Checksum === "sha256" ? { ChecksumSHA256: toBase64(sha256) } : {}),
      ...(onlyNew ? { IfNoneMatch: "*" } : {}),
    });
    await client.send(command, { abortSignal: options.abortSignal });
  }

  async function hasSame(sha256: string, sizeBytes: number, options: RequestOptions): Promise<boolean> {
    return isSame(await stats.stat(sha256, options), sha256, sizeBytes);
  }

  return async (sha256, source, options) => {
    if (!isConditional && (await hasSame(sha256, source.sizeBytes, options))) return false;
    const chunks = await Array.fromAsync(checkedBytes(source, sha256));
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    if (isConditional) {
      try {
        await send(sha256, bytes, true, options);
        return true;
      } catch (error) {
        if (isUnknownCondition(error)) isConditional = false;
        else if (statusOf(error) !== 412) throw error;
        if (await hasSame(sha256, source.sizeBytes, options))
          // After a lost answer it is our own object that is there.
          return statusOf(error) === 412 && attemptsOf(error) > 1;
      }
    }
    // The key is free, or holds other bytes: these take their place.
    await send(sha256, bytes, false, options);
    return true;
  };
}

function isUnknownCondition(error: unknown): boolean {
  return statusOf(error) === 501 || codeOf(error) === "NotImplemented";
}

function toBase64(sha256: string): string {
  return Buffer.from(sha256, "hex").toString("base64");
}

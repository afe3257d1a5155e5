import { createHash } from "node:crypto";
import { S3Failure } from "./s3-failure.ts";

/** A stored object. */
export type S3Object = {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Base64 of the SHA-256 that the client sent; of an object in parts with the number of parts; absent if none was sent. */
  readonly checksumSha256?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly storedMs: number;
};

/** An upload in parts that has not ended. */
export type S3Upload = {
  readonly key: string;
  readonly startedMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string; readonly checksumSha256?: string }>;
};

/** Objects by key and uploads by id. Tests may read and change both. */
export type S3Bucket = {
  readonly objects: Map<string, S3Object>;
  readonly uploads: Map<string, S3Upload>;
};

/** Smallest part but the last. */
const minPartBytes = 5 * 1024 * 1024;
const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();

/** Returns an object of bytes that arrived at once. */
export function toObject(
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  checksumSha256: string | undefined,
  storedMs: number,
): S3Object {
  const etag = `"${md5(bytes).toString("hex")}"`;
  return { bytes, etag, headers, storedMs, ...(checksumSha256 === undefined ? {} : { checksumSha256 }) };
}

/** Joins the named parts of an upload. Throws S3Failure: InvalidPart, InvalidPartOrder, EntityTooSmall. */
export function joinParts(
  upload: S3Upload,
  named: readonly { readonly number: number; readonly etag: string; readonly checksumSha256: string | undefined }[],
  storedMs: number,
): S3Object {
  const parts = named.map(({ number, etag, checksumSha256 }, at) => {
    if (at > 0 && number <= (named[at - 1]?.number ?? 0)) throw new S3Failure(400, "InvalidPartOrder");
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag) throw new S3Failure(400, "InvalidPart");
    if (part.checksumSha256 !== checksumSha256)
      throw new S3Failure(400, "InvalidPart", "The checksum of a part differs");
    if (at < named.length - 1 && part.bytes.length < minPartBytes) throw new S3Failure(400, "EntityTooSmall");
    return part;
  });
  if (parts.length === 0) throw new S3Failure(400, "MalformedXML");
  const etag = `"${md5(Buffer.concat(parts.map(({ bytes }) => md5(bytes)))).toString("hex")}-${parts.length}"`;
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  return { bytes, etag, headers: upload.headers, storedMs };
}

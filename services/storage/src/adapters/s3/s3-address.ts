import { expected } from "@pixelmesh/errors";

/** A bucket, and what the keys of its blobs begin with: empty, or ending with "/". */
export type S3Address = { readonly bucket: string; readonly prefix: string };

const form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)\/?$/;
const maxPrefixLength = 512;

/** Parses `s3://bucket/prefix`. Throws INVALID_ARGUMENT that names the setting PIXELMESH_STORAGE_COLD. */
export function parseS3Address(text: string): S3Address {
  const [, bucket, path = ""] = form.exec(text) ?? [];
  if (bucket === undefined || path.length > maxPrefixLength)
    throw expected(
      "PIXELMESH_STORAGE_COLD",
      "s3://bucket/prefix with a bucket of 3 to 63 lower-case letters, digits, dots and hyphens",
      text,
    );
  return { bucket, prefix: path === "" ? "" : `${path.slice(1)}/` };
}

/** Returns the key of a blob. */
export function toKey({ prefix }: S3Address, sha256: string): string {
  return `${prefix}blobs/${sha256}`;
}

/** Returns the key of a blob that was set aside. */
export function toQuarantineKey({ prefix }: S3Address, sha256: string): string {
  return `${prefix}quarantine/${sha256}`;
}

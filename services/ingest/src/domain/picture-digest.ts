import { expected } from "@pixelmesh/errors";

/** Returns the digest of a picture: 64 lower-case hex digits. Throws INVALID_ARGUMENT that names `field`. */
export function parsePictureDigest(field: string, sha256: string): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw expected(field, "64 lower-case hex digits", sha256);
}

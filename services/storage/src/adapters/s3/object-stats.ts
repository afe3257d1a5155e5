import type { ColdPage, ColdStat } from "../../domain/cold-store.ts";
import { isDigest } from "../../domain/digest.ts";
import { toKey } from "./s3-address.ts";
import type { RequestOptions, S3Parts } from "./s3-call.ts";
import { isMissing, statusOf } from "./s3-errors.ts";

/** For how long an answer about the bucket counts. */
const bucketTrustMs = 10_000;

/** Properties of an object; `checksumSha256` in base64 where the server keeps one of the whole object. */
export type ObjectStat = ColdStat & { readonly checksumSha256?: string };

/** Reads properties of objects. */
export type ObjectStats = {
  /** Returns an object's properties; undefined if there is none. Throws STORAGE_UNAVAILABLE if the bucket is missing. */
  stat(sha256: string, options: RequestOptions): Promise<ObjectStat | undefined>;
  /** Returns once the bucket has answered within the last seconds. Throws what S3 said. */
  checkBucket(options: RequestOptions): Promise<void>;
  list(limit: number, next: string | undefined, options: RequestOptions): Promise<ColdPage>;
};

/** Creates the reader. */
export function createObjectStats({ sdk, client, address }: S3Parts): ObjectStats {
  const Bucket = address.bucket;
  const blobsPrefix = toKey(address, "");
  let bucketSeenMs = Number.NEGATIVE_INFINITY;

  async function list(limit: number, next: string | undefined, options: RequestOptions): Promise<ColdPage> {
    const page = await client.send(
      new sdk.ListObjectsV2Command({
        Bucket,
        Prefix: blobsPrefix,
        MaxKeys: limit,
        ...(next === undefined ? {} : { StartAfter: blobsPrefix + next }),
      }),
      options,
    );
    bucketSeenMs = performance.now();
    const names = (page.Contents ?? []).map(({ Key = "", Size = 0, LastModified }) => ({
      sha256: Key.slice(blobsPrefix.length),
      sizeBytes: Size,
      storedMs: LastModified?.getTime() ?? 0,
    }));
    const last = names.at(-1)?.sha256;
    return {
      blobs: names.filter(({ sha256 }) => isDigest(sha256)),
      next: page.IsTruncated === true ? last : undefined,
    };
  }

  async function checkBucket(options: RequestOptions): Promise<void> {
    if (performance.now() - bucketSeenMs < bucketTrustMs) return;
    await list(1, undefined, options);
  }

  return {
    list,
    checkBucket,
    async stat(sha256, options) {
      try {
        const command = new sdk.HeadObjectCommand({ Bucket, Key: toKey(address, sha256), ChecksumMode: "ENABLED" });
        const { ContentLength, LastModified, ChecksumSHA256, ChecksumType } = await client.send(command, options);
        bucketSeenMs = performance.now();
        const isWhole = ChecksumSHA256 !== undefined && ChecksumType !== "COMPOSITE" && !ChecksumSHA256.includes("-");
        return {
          sizeBytes: ContentLength ?? 0,
          storedMs: LastModified?.getTime() ?? 0,
          ...(isWhole ? { checksumSha256: ChecksumSHA256 } : {}),
        };
      } catch (error) {
        // The answer to a HEAD request says nothing but a status: a listing tells whether it is the bucket, the credentials or the region.
        const isUnclear = (statusOf(error) ?? 500) < 500;
        if (isUnclear && !isMissing(error)) bucketSeenMs = Number.NEGATIVE_INFINITY;
        if (isUnclear) await checkBucket(options);
        if (!isMissing(error)) throw error;
        return undefined;
      }
    },
  };
}

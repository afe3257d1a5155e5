import { toKey } from "./s3-address.ts";
import type { RequestOptions, S3Parts } from "./s3-call.ts";

/** Most uploads that one sweep looks at. */
const maxUploads = 100;
/** An upload is a leftover this long after the longest time of a call: clocks differ. */
const slackMs = 60 * 60_000;

/** Creates the removal of uploads in parts that dead processes left. Each call looks at the next 100 and returns how many it aborted. */
export function createUploadSweep(
  { sdk, client, address, settings }: S3Parts,
  unixMs: () => number,
): (options: RequestOptions) => Promise<number> {
  const Bucket = address.bucket;
  let next: { KeyMarker?: string; UploadIdMarker?: string } = {};

  return async (options) => {
    const page = await client.send(
      new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: toKey(address, ""), MaxUploads: maxUploads, ...next }),
      options,
    );
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    next =
      page.IsTruncated === true && KeyMarker !== undefined && UploadIdMarker !== undefined
        ? { KeyMarker, UploadIdMarker }
        : {};
    const staleMs = unixMs() - settings.s3WholeMs - slackMs;
    const stale = (page.Uploads ?? []).filter(
      ({ Initiated }) => Initiated !== undefined && Initiated.getTime() < staleMs,
    );
    for (const { Key, UploadId } of stale)
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options);
    return stale.length;
  };
}

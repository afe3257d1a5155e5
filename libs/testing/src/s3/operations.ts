import { randomUUID } from "node:crypto";
import { joinParts, type S3Bucket, type S3Object, toObject } from "./bucket.ts";
import { element, S3Failure, toDocument } from "./s3-failure.ts";
import type { S3Operation, S3Request } from "./s3-request.ts";

/** An answer of the server. */
export type S3Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
};

/** What the server can do, and by which clock. */
export type S3Abilities = {
  readonly unixMs: () => number;
  /** Most bytes of all objects; beyond it puts fail with QuotaExceeded. */
  readonly quotaBytes: number;
  /** Whether `If-None-Match: *` on a put is known; else it fails with NotImplemented. */
  readonly conditionalPuts: boolean;
};

type Handler = (request: S3Request, bucket: S3Bucket, abilities: S3Abilities) => S3Answer;

/** Headers of a put that a head returns. */
const keptHeaders = [
  "x-amz-storage-class",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
];

/** Each operation: changes the bucket and answers. Throws S3Failure. */
export const operations: Readonly<Record<S3Operation, Handler>> = {
  HeadBucket: () => ({ status: 200 }),

  PutObject(request, bucket, abilities) {
    if (request.headers["if-none-match"] !== undefined) {
      if (!abilities.conditionalPuts) throw new S3Failure(501, "NotImplemented", "If-None-Match");
      if (bucket.objects.has(request.key)) throw new S3Failure(412, "PreconditionFailed");
    }
    checkQuota(bucket, request.body.length, abilities);
    const checksum = request.headers["x-amz-checksum-sha256"];
    const object = toObject(request.body, kept(request), checksum, abilities.unixMs());
    bucket.objects.set(request.key, object);
    return { status: 200, headers: describe(object) };
  },

  CopyObject(request, bucket, { unixMs }) {
    const source = decodeURIComponent(request.headers["x-amz-copy-source"] ?? "").replace(/^\//, "");
    const object = find(bucket, source.slice(source.indexOf("/") + 1));
    bucket.objects.set(request.key, { ...object, storedMs: unixMs() });
    return xml(element("CopyObjectResult", element("ETag", object.etag)));
  },

  HeadObject({ key, headers }, bucket) {
    const object = find(bucket, key);
    return { status: 200, headers: { ...describe(object, headers), "content-length": String(object.bytes.length) } };
  },

  GetObject({ key, headers }, bucket) {
    const object = find(bucket, key);
    if (headers["if-match"] !== undefined && headers["if-match"] !== object.etag)
      throw new S3Failure(412, "PreconditionFailed");
    if (headers.range === undefined) return { status: 200, headers: describe(object, headers), body: object.bytes };
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(headers.range) ?? [];
    const end = to === "" ? object.bytes.length : Math.min(Number(to) + 1, object.bytes.length);
    if (from === "" || Number(from) >= object.bytes.length) throw new S3Failure(416, "InvalidRange");
    const range = `bytes ${from}-${end - 1}/${object.bytes.length}`;
    return {
      status: 206,
      headers: { ...describe(object), "content-range": range },
      body: object.bytes.subarray(Number(from), end),
    };
  },

  DeleteObject({ key }, bucket) {
    bucket.objects.delete(key);
    return { status: 204 };
  },

  ListObjectsV2({ query }, bucket) {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const most = Math.min(1_000, Number(query.get("max-keys") ?? 1_000));
    const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, most);
    const rows = page.map((key) => {
      const { bytes, etag, storedMs } = find(bucket, key);
      const fields = { Key: key, LastModified: new Date(storedMs).toISOString(), ETag: etag, Size: bytes.length };
      return element("Contents", ...Object.entries(fields).map(([name, value]) => element(name, value)));
    });
    const isCut = keys.length > page.length;
    const next = isCut ? [element("NextContinuationToken", page.at(-1) ?? "")] : [];
    return xml(
      element(
        "ListBucketResult",
        element("KeyCount", page.length),
        element("IsTruncated", String(isCut)),
        ...next,
        ...rows,
      ),
    );
  },

  CreateMultipartUpload(request, bucket, { unixMs }) {
    const id = randomUUID();
    bucket.uploads.set(id, { key: request.key, startedMs: unixMs(), headers: kept(request), parts: new Map() });
    return xml(
      element(
        "InitiateMultipartUploadResult",
        element("Bucket", request.bucket),
        element("Key", request.key),
        element("UploadId", id),
      ),
    );
  },

  UploadPart(request, bucket, abilities) {
    const { parts } = findUpload(request, bucket);
    checkQuota(bucket, request.body.length, abilities);
    const checksumSha256 = request.headers["x-amz-checksum-sha256"];
    const { etag } = toObject(request.body, {}, checksumSha256, 0);
    const checksum = checksumSha256 === undefined ? {} : { checksumSha256 };
    parts.set(Number(request.query.get("partNumber")), { bytes: request.body, etag, ...checksum });
    const header: Record<string, string> =
      checksumSha256 === undefined ? {} : { "x-amz-checksum-sha256": checksumSha256 };
    return { status: 200, headers: { etag, ...header } };
  },

  CompleteMultipartUpload(request, bucket, { unixMs }) {
    const upload = findUpload(request, bucket);
    const text = request.body.toString("utf8").replaceAll("&quot;", '"');
    const named = [...text.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => {
      const read = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(part)?.[1];
      return {
        number: Number(read("PartNumber")),
        etag: read("ETag") ?? "",
        checksumSha256: read("ChecksumSHA256"),
      };
    });
    const object = joinParts(upload, named, unixMs());
    bucket.objects.set(request.key, object);
    bucket.uploads.delete(request.query.get("uploadId") ?? "");
    return xml(element("CompleteMultipartUploadResult", element("Key", request.key), element("ETag", object.etag)));
  },

  AbortMultipartUpload(request, bucket) {
    findUpload(request, bucket);
    bucket.uploads.delete(request.query.get("uploadId") ?? "");
    return { status: 204 };
  },

  ListMultipartUploads({ query }, bucket) {
    const prefix = query.get("prefix") ?? "";
    const most = Number(query.get("max-uploads") ?? 1_000);
    const found = [...bucket.uploads].filter(([, { key }]) => key.startsWith(prefix)).slice(0, most);
    const rows = found.map(([id, { key, startedMs }]) =>
      element(
        "Upload",
        element("Key", key),
        element("UploadId", id),
        element("Initiated", new Date(startedMs).toISOString()),
      ),
    );
    return xml(element("ListMultipartUploadsResult", element("IsTruncated", "false"), ...rows));
  },
};

function find({ objects }: S3Bucket, key: string): S3Object {
  const object = objects.get(key);
  if (object === undefined) throw new S3Failure(404, "NoSuchKey", "The specified key does not exist.");
  return object;
}

function findUpload({ query, key }: S3Request, { uploads }: S3Bucket) {
  const upload = uploads.get(query.get("uploadId") ?? "");
  if (upload?.key !== key) throw new S3Failure(404, "NoSuchUpload", "The specified upload does not exist.");
  return upload;
}

function checkQuota({ objects, uploads }: S3Bucket, moreBytes: number, { quotaBytes }: S3Abilities): void {
  const stored = [...objects.values(), ...[...uploads.values()].flatMap(({ parts }) => [...parts.values()])];
  const bytes = stored.reduce((sum, each) => sum + each.bytes.length, moreBytes);
  if (bytes > quotaBytes) throw new S3Failure(403, "QuotaExceeded", "The quota of the bucket is used up");
}

function kept({ headers }: S3Request): Record<string, string> {
  return Object.fromEntries(
    keptHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

function describe(object: S3Object, asked: Readonly<Record<string, string>> = {}): Record<string, string> {
  const isAsked = asked["x-amz-checksum-mode"] === "ENABLED" && object.checksumSha256 !== undefined;
  return {
    etag: object.etag,
    "last-modified": new Date(object.storedMs).toUTCString(),
    "accept-ranges": "bytes",
    ...object.headers,
    ...(isAsked ? { "x-amz-checksum-sha256": object.checksumSha256 ?? "" } : {}),
  };
}

function xml(root: { readonly xml: string }): S3Answer {
  return { status: 200, headers: { "content-type": "application/xml" }, body: toDocument(root) };
}

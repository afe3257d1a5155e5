import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { S3Failure } from "./s3-failure.ts";
import { signV4 } from "./sigv4.ts";

/** Operations of S3 that the server knows. */
export type S3Operation =
  | "PutObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject"
  | "CopyObject"
  | "HeadBucket"
  | "ListObjectsV2"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListMultipartUploads";

/** A request that arrived whole. `key` is empty for operations on the bucket. */
export type S3Request = {
  readonly operation: S3Operation;
  readonly style: "path" | "host";
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Who may sign requests, for which region, by which clock. */
export type S3Signing = {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly unixMs: () => number;
};

const maxSkewMs = 15 * 60_000;
const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Reads a request and checks its signature and checksums. Throws S3Failure. `host` is the server's own, without a bucket. */
export async function readRequest(incoming: IncomingMessage, host: string, signing: S3Signing): Promise<S3Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const url = new URL(incoming.url ?? "/", "http://server");
  const path = decodeURIComponent(url.pathname);
  const method = incoming.method ?? "GET";

  checkSignature({ method, path, query: [...url.searchParams], headers }, signing);
  checkPayload(headers, body);

  const style = headers.host === host ? "path" : "host";
  const [bucket = "", ...rest] =
    style === "path" ? path.slice(1).split("/") : [(headers.host ?? "").split(".")[0], ...path.slice(1).split("/")];
  const key = rest.join("/");
  const operation = toOperation(method, key, url.searchParams, headers);
  return { operation, style, bucket, key, query: url.searchParams, headers, body };
}

type Parts = {
  method: string;
  path: string;
  query: readonly (readonly [string, string])[];
  headers: Readonly<Record<string, string>>;
};

function checkSignature({ method, path, query, headers }: Parts, signing: S3Signing): void {
  const match = authorization.exec(headers.authorization ?? "");
  if (match === null) throw new S3Failure(403, "AccessDenied", "Anonymous access is forbidden");
  const [, accessKey, day, region = "", names = "", signature] = match;
  if (accessKey !== signing.accessKey) throw new S3Failure(403, "InvalidAccessKeyId", "The access key does not exist");
  if (region !== signing.region)
    throw new S3Failure(
      400,
      "AuthorizationHeaderMalformed",
      `the region '${region}' is wrong; expecting '${signing.region}'`,
    );
  const amzDate = headers["x-amz-date"] ?? "";
  const sentMs = Date.parse(amzDate.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!amzDate.startsWith(day ?? "-") || !(Math.abs(sentMs - signing.unixMs()) <= maxSkewMs))
    throw new S3Failure(403, "RequestTimeTooSkewed", "The request's time and the server's are too far apart");
  const signedHeaders = names.split(";");
  for (const name of ["host", "x-amz-date", "x-amz-content-sha256"])
    if (!signedHeaders.includes(name)) throw new S3Failure(403, "AccessDenied", `${name} is not signed`);
  const payloadHash = headers["x-amz-content-sha256"] ?? "";
  const request = { method, path, query, headers, signedHeaders, payloadHash };
  if (signV4(request, { amzDate, region, service: "s3" }, signing.secretKey) !== signature)
    throw new S3Failure(403, "SignatureDoesNotMatch", "The signature does not match");
}

function checkPayload(headers: Readonly<Record<string, string>>, body: Buffer): void {
  const digest = createHash("sha256").update(body);
  const declared = headers["x-amz-content-sha256"];
  const checksum = headers["x-amz-checksum-sha256"];
  if (declared?.startsWith("STREAMING-")) throw new S3Failure(501, "NotImplemented", "Streamed signatures");
  if (headers["content-length"] !== undefined && Number(headers["content-length"]) !== body.length)
    throw new S3Failure(400, "IncompleteBody");
  const hash = digest.digest();
  if (declared !== "UNSIGNED-PAYLOAD" && declared !== hash.toString("hex"))
    throw new S3Failure(400, "XAmzContentSHA256Mismatch");
  if (checksum !== undefined && checksum !== hash.toString("base64"))
    throw new S3Failure(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.");
}

function toOperation(
  method: string,
  key: string,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): S3Operation {
  if (key === "") {
    if (method === "HEAD") return "HeadBucket";
    if (method === "GET" && query.has("uploads")) return "ListMultipartUploads";
    if (method === "GET" && query.get("list-type") === "2") return "ListObjectsV2";
  } else if (query.has("uploadId")) {
    if (method === "PUT") return "UploadPart";
    if (method === "POST") return "CompleteMultipartUpload";
    if (method === "DELETE") return "AbortMultipartUpload";
  } else {
    if (method === "POST" && query.has("uploads")) return "CreateMultipartUpload";
    if (method === "PUT") return "x-amz-copy-source" in headers ? "CopyObject" : "PutObject";
    if (method === "GET") return "GetObject";
    if (method === "HEAD") return "HeadObject";
    if (method === "DELETE") return "DeleteObject";
  }
  throw new S3Failure(501, "NotImplemented", `${method} ${query}`);
}

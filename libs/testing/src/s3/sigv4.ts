import { createHash, createHmac } from "node:crypto";

/** What is signed of a request. `path` is the decoded path, `query` the decoded pairs, names of `headers` are in lower case. */
export type RequestToSign = {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Names in lower case, sorted. */
  readonly signedHeaders: readonly string[];
  /** Hex SHA-256 of the body, or the text that stands for it. */
  readonly payloadHash: string;
};

/** Place and time of a signature: `amzDate` as `20130524T000000Z`. */
export type SignatureScope = { readonly amzDate: string; readonly region: string; readonly service: string };

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** Percent-encodes as Signature Version 4 does: all bytes of UTF-8 but letters, digits and `-._~`. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Returns the signature of a request in hex, by AWS Signature Version 4 as published for S3 ("Signature Calculations for the Authorization Header"). */
export function signV4(
  request: RequestToSign,
  { amzDate, region, service }: SignatureScope,
  secretKey: string,
): string {
  const day = amzDate.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", amzDate, scope, sha256(toCanonical(request))].join("\n");
  const key = [region, service, "aws4_request"].reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, day));
  return hmac(key, text).toString("hex");
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function toCanonical({ method, path, query, headers, signedHeaders, payloadHash }: RequestToSign): string {
  const pairs = query
    .map((pair) => pair.map(encodeUri))
    .sort(([a = "", x = ""], [b = "", y = ""]) => (a === b ? compare(x, y) : compare(a, b)))
    .map((pair) => pair.join("="));
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const uri = path.split("/").map(encodeUri).join("/");
  return [method, uri, pairs.join("&"), lines.join(""), signedHeaders.join(";"), payloadHash].join("\n");
}

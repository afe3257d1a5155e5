import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { signV4 } from "./sigv4.ts";

// The examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" in the Amazon S3 API Reference.
const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const scope = { amzDate: "20130524T000000Z", region: "us-east-1", service: "s3" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const examples = [
  {
    name: "GET Object",
    path: "/test.txt",
    query: [],
    extra: { range: "bytes=0-9" },
    body: "",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT Object",
    method: "PUT",
    path: "/test$file.text",
    query: [],
    extra: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    body: "Welcome to Amazon S3.",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET Bucket Lifecycle",
    path: "/",
    query: [["lifecycle", ""]],
    extra: {},
    body: "",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET Bucket (List Objects)",
    path: "/",
    query: [
      ["prefix", "J"],
      ["max-keys", "2"],
    ],
    extra: {},
    body: "",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
] as const;

test.each(examples)("AWS's published example has the published signature: $name", (example) => {
  const payloadHash = sha256(example.body);
  const headers: Record<string, string> = {
    host: "examplebucket.s3.amazonaws.com",
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": scope.amzDate,
    ...example.extra,
  };
  const request = {
    method: "method" in example ? example.method : "GET",
    path: example.path,
    query: example.query,
    headers,
    signedHeaders: Object.keys(headers).sort(),
    payloadHash,
  };
  expect(signV4(request, scope, secretKey)).toBe(example.signature);
  expect(signV4({ ...request, path: `${example.path}x` }, scope, secretKey)).not.toBe(example.signature);
  expect(signV4(request, scope, `${secretKey}x`)).not.toBe(example.signature);
});

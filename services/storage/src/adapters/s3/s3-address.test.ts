import { expect, test } from "vitest";
import { parseS3Address, toKey } from "./s3-address.ts";

test.each([
  ["s3://pictures", "pictures", ""],
  ["s3://pictures/", "pictures", ""],
  ["s3://my.pictures-1/mesh/eu", "my.pictures-1", "mesh/eu/"],
  ["s3://pictures/mesh/", "pictures", "mesh/"],
])("%s is an address", (text, bucket, prefix) => {
  expect(parseS3Address(text)).toEqual({ bucket, prefix });
  expect(toKey(parseS3Address(text), "ab")).toBe(`${prefix}blobs/ab`);
});

test.each([
  "",
  "s3://",
  "s3://ab",
  "s3://Pictures",
  "s3://pictures//mesh",
  "s3://pictures/../mesh",
  "s3://pictures/a b",
  "https://x/y",
])("`%s` is refused with the name of the setting", (text) => {
  expect(() => parseS3Address(text)).toThrow("Expected `PIXELMESH_STORAGE_COLD` to be s3://bucket/prefix");
});

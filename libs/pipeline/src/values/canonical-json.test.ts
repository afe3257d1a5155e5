import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalDigest, canonicalJson } from "./canonical-json.ts";

test("canonical JSON has the same value and does not depend on the order of members", () => {
  const value = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(value, (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse());
      expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      expect(JSON.parse(canonicalJson(object))).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});

test("undefined members are left out", () => {
  expect(canonicalJson({ b: [1, { d: undefined }], a: undefined })).toBe('{"b":[1,{}]}');
});

test("the digest is the sha256 of the text", () => {
  // printf '{"a":1}' | sha256sum
  expect(canonicalDigest({ a: 1 })).toBe("015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
});

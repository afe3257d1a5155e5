import { Encoding, ImageFormat } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { assertEncoding, canonicalEncoding, encodingKey } from "./encoding.ts";

const key = (encoding: Partial<Encoding>) => encodingKey(Encoding.create(encoding));

test("equivalent encodings have the same key", () => {
  expect(encodingKey(undefined)).toBe(key({ format: ImageFormat.AUTO, background: "#FFFFFF" }));
  expect(key({ format: ImageFormat.JPEG })).toBe(key({ format: ImageFormat.JPEG, quality: 85, background: "#ffffff" }));
  expect(key({ format: ImageFormat.PNG, quality: 30, background: "#000000" })).toBe(key({ format: ImageFormat.PNG }));
  expect(key({ format: ImageFormat.WEBP, lossless: true, quality: 3 })).toBe(
    key({ format: ImageFormat.WEBP, lossless: true }),
  );
});

test("encodings that differ have different keys", () => {
  const keys = [
    key({}),
    key({ quality: 50 }),
    key({ lossless: true }),
    key({ format: ImageFormat.JPEG }),
    key({ format: ImageFormat.JPEG, quality: 84 }),
    key({ format: ImageFormat.JPEG, background: "#000000" }),
    key({ format: ImageFormat.PNG }),
    key({ format: ImageFormat.WEBP }),
    key({ format: ImageFormat.WEBP, lossless: true }),
    key({ format: ImageFormat.AVIF }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("the canonical form is its own canonical form, is valid, and has the same key", () => {
  const encodings = fc.record({
    format: fc.constantFrom(...([0, 1, 2, 3, 4, 5] as const)),
    quality: fc.integer({ min: 0, max: 100 }),
    lossless: fc.boolean(),
    background: fc.constantFrom("", "#FFffff", "#a0B1c2"),
  });
  fc.assert(
    fc.property(encodings, (encoding) => {
      const canonical = canonicalEncoding(encoding);
      expect(canonicalEncoding(canonical)).toEqual(canonical);
      expect(encodingKey(canonical)).toBe(encodingKey(encoding));
      assertEncoding(canonical, "encoding");
    }),
  );
});

test.each([
  [{ format: ImageFormat.TIFF }, "encoding.format"],
  [{ quality: 101 }, "encoding.quality"],
  [{ format: ImageFormat.JPEG, lossless: true }, "encoding.lossless"],
  [{ background: "white" }, "encoding.background"],
])("%j is refused at %s", (encoding, field) => {
  expect(() => assertEncoding(Encoding.create(encoding), "encoding")).toThrow(`Expected \`${field}\``);
});

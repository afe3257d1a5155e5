import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveRange } from "./range.ts";

test("a served range equals the slice of an array of that size", () => {
  const size = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(size, size, size, (sizeBytes, offsetBytes, lengthBytes) => {
      fc.pre(offsetBytes <= sizeBytes);
      const bytes = Array.from({ length: sizeBytes }, (_, n) => n);
      const { lengthBytes: length } = resolveRange(sizeBytes, offsetBytes, lengthBytes);
      const reference = bytes.slice(offsetBytes, lengthBytes === 0 ? undefined : offsetBytes + lengthBytes);
      expect(bytes.slice(offsetBytes, offsetBytes + length)).toEqual(reference);
      expect(length).toBe(reference.length);
    }),
  );
});

test("an offset past the end and negative numbers are refused", () => {
  expect(() => resolveRange(10, 11, 0)).toThrow("Expected `offset_bytes` to be at most the blob's 10 bytes, got `11`");
  expect(() => resolveRange(10, -1, 0)).toThrow(/offset_bytes/);
  expect(() => resolveRange(10, 0, -1)).toThrow(/length_bytes/);
});

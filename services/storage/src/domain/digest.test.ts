import { expect, test } from "vitest";
import { parseDigest } from "./digest.ts";

test("only 64 lower-case hex digits are a digest", () => {
  expect(parseDigest("sha256", "ab".repeat(32))).toBe("ab".repeat(32));
  for (const text of ["", "AB".repeat(32), "ab".repeat(31), `../${"a".repeat(61)}`, `${"ab".repeat(32)}\n`]) {
    expect(() => parseDigest("sha256", text)).toThrow("Expected `sha256` to be 64 lower-case hex digits");
  }
});

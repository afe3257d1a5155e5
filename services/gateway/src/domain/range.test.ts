import { expect, test } from "vitest";
import { parseRange } from "./range.ts";

// The examples of RFC 9110, 14.1.2, for a representation of 10,000 bytes.
test.each([
  ["bytes=0-499", { start: 0, end: 499 }],
  ["bytes=500-999", { start: 500, end: 999 }],
  ["bytes=-500", { start: 9_500, end: 9_999 }],
  ["bytes=9500-", { start: 9_500, end: 9_999 }],
  ["bytes=0-0", { start: 0, end: 0 }],
  ["bytes=9999-20000", { start: 9_999, end: 9_999 }],
  ["bytes=-20000", { start: 0, end: 9_999 }],
  ["Bytes=1-2", { start: 1, end: 2 }],
])("the range `%s` is served", (header, range) => expect(parseRange(header, 10_000)).toEqual(range));

test.each(["bytes=10000-", "bytes=10000-10001", "bytes=-0"])("the range `%s` is outside of the bytes", (header) =>
  expect(parseRange(header, 10_000)).toBe("unsatisfiable"),
);

test.each(["", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "items=0-1", "bytes=0-0,-1", "bytes 0-1"])(
  "the range `%s` is ignored",
  (header) => expect(parseRange(header, 10_000)).toBeUndefined(),
);

test("no range of an empty representation can be served", () => {
  expect(parseRange("bytes=0-", 0)).toBe("unsatisfiable");
  expect(parseRange("bytes=-1", 0)).toBe("unsatisfiable");
});

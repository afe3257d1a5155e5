import { expect, test } from "vitest";
import { isNoneMatchHit, isRangeAllowed } from "./conditions.ts";

const etag = '"abc"';

test.each(['"abc"', 'W/"abc"', '"x", "abc"', 'W/"x" , W/"abc"', "*", " * "])("`If-None-Match: %s` matches", (header) =>
  expect(isNoneMatchHit(header, etag)).toBe(true),
);

test.each([undefined, "", "abc", '"ABC"', '"x", W/"y"'])("`If-None-Match: %s` does not match", (header) =>
  expect(isNoneMatchHit(header, etag)).toBe(false),
);

test("a range needs the same strong tag in `If-Range`, if there is one", () => {
  expect(isRangeAllowed(undefined, etag)).toBe(true);
  expect(isRangeAllowed('"abc"', etag)).toBe(true);
  for (const other of ['W/"abc"', '"x"', "Wed, 21 Oct 2026 07:28:00 GMT", ""])
    expect(isRangeAllowed(other, etag), other).toBe(false);
});

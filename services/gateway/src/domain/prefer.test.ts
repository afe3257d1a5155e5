import { expect, test } from "vitest";
import { parsePrefer } from "./prefer.ts";

// The examples of RFC 7240, 4.1 and 4.3, and malformed ones.
test.each([
  [undefined, false, undefined],
  ["respond-async", true, undefined],
  ["respond-async, wait=10", true, 10_000],
  ["wait=100", false, 100_000],
  ["Respond-Async; x=1 , WAIT=2", true, 2_000],
  ["return=minimal; foo", false, undefined],
  ["wait=-1", false, undefined],
  ["wait", false, undefined],
])("`Prefer: %s`", (header, respondAsync, waitMs) => expect(parsePrefer(header)).toEqual({ respondAsync, waitMs }));

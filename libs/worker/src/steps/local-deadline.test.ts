import { expect, test } from "vitest";
import { toLocalDeadline } from "./local-deadline.ts";

test("the time left at the publish, less the age of the message, is left now", () => {
  // Published at 1,000,000 with 60 s left, by a clock 16 min behind ours; the message is 10 s old.
  const item = { publishedUnixMs: 1_000_000, deadlineUnixMs: 1_060_000 };
  expect(toLocalDeadline(item, 10_000, 1_970_000)).toBe(1_970_000 + 50_000);
  expect(toLocalDeadline(item, 70_000, 1_970_000)).toBe(1_970_000 - 10_000);
});

import { expect, test } from "vitest";
import { toOwnDeadline } from "./own-deadline.ts";

test("what remained when the item was published, less its age, remains now", () => {
  // Published at 1,000,000 with 60 s left, by a clock 16 min behind ours; it lay for 10 s.
  const item = { publishedUnixMs: 1_000_000, deadlineUnixMs: 1_060_000 };
  expect(toOwnDeadline(item, 10_000, 1_970_000)).toBe(1_970_000 + 50_000);
  expect(toOwnDeadline(item, 70_000, 1_970_000)).toBe(1_970_000 - 10_000);
});

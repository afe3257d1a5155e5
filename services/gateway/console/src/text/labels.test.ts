import { expect, test } from "vitest";
import { toAge, toCount, toPercent, toTitle } from "./labels.ts";

test("Ages are told in the largest unit that is at least one", () => {
  const ages = [0, 1, 2, 59, 60, 3_599, 3_600, 86_399, 86_400, 200_000].map((seconds) => toAge(0, seconds * 1_000));
  expect(ages).toEqual([
    "now",
    "now",
    "2 s ago",
    "59 s ago",
    "1 min ago",
    "59 min ago",
    "1 h ago",
    "23 h ago",
    "1 day ago",
    "2 days ago",
  ]);
});

test("A clock that is behind gives no negative age", () => expect(toAge(5_000, 0)).toBe("now"));

test("Counts, shares and names are plain words", () => {
  expect([toCount(1, "job"), toCount(0, "job"), toCount(5_000, "job")]).toEqual(["1 job", "0 jobs", "5,000 jobs"]);
  expect(toPercent(0.426)).toBe("43 %");
  expect(toTitle("remove_background")).toBe("Remove background");
});

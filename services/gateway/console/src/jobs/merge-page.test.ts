import { expect, test } from "vitest";
import type { Job } from "../api/types.ts";
import { mergeFirstPage } from "./merge-page.ts";

const job = (id: string, createdUnixMs: number, state = "RUNNING") => ({ id, createdUnixMs, state }) as Job;
const ids = (jobs: readonly Job[]) => jobs.map(({ id }) => id);

test("New jobs come first, changed ones are replaced, and older ones stay", () => {
  const list = [job("c", 3), job("b", 2), job("a", 1)];
  const page = { jobs: [job("d", 4), job("c", 3, "SUCCEEDED")], nextPageToken: "more" };
  const merged = mergeFirstPage(list, page);
  expect(ids(merged)).toEqual(["d", "c", "b", "a"]);
  expect(merged[1]?.state).toBe("SUCCEEDED");
});

test("A job that no longer meets the filter goes, if the page covers its time", () => {
  const list = [job("d", 4), job("c", 3), job("b", 2), job("a", 1)];
  expect(ids(mergeFirstPage(list, { jobs: [job("d", 4), job("b", 2)], nextPageToken: "more" }))).toEqual([
    "d",
    "b",
    "a",
  ]);
});

test("A page without a next one is the whole list, and an empty one with a next one changes nothing", () => {
  const list = [job("b", 2), job("a", 1)];
  expect(mergeFirstPage(list, { jobs: [], nextPageToken: "" })).toEqual([]);
  expect(mergeFirstPage(list, { jobs: [], nextPageToken: "more" })).toBe(list);
});

import { expect, test } from "vitest";
import { parsePageSize } from "./page.ts";

test("a page size outside 1 to 200 is refused, and 0 becomes the default", () => {
  expect([parsePageSize(0), parsePageSize(200)]).toEqual([50, 200]);
  for (const size of [-1, 201])
    expect(() => parsePageSize(size)).toThrow("Expected `page_size` to be an integer from 1 to 200");
});

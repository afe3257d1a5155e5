import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createPage } from "./page/create-page.ts";
import { loadResults, pagePath } from "./page/write-page.ts";

test("docs/reference/models.md shows the kept results", async () => {
  const results = await loadResults();
  expect(results.scores.length).toBeGreaterThan(3);
  expect(results.photographs.length).toBeGreaterThan(3);
  expect(readFileSync(pagePath, "utf8")).toBe(createPage(results));
});

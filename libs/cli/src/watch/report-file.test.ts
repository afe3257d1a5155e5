import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createReportFile } from "./report-file.ts";

const result = (path: string) => ({ path, job: undefined, outputs: [], failure: undefined, ms: 5 });

test("a report grows by whole lines, over restarts and after a time in which it could not be written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "r.csv");
  const report = createReportFile(path);
  await Promise.all([report.add(result("a.jpg")), report.add(result("b.jpg"))]);
  await createReportFile(path).add(result("c.jpg"));
  const other = createReportFile(join(folder, "taken"));
  mkdirSync(join(folder, "taken"));
  await expect(other.add(result("d.jpg"))).rejects.toThrow("EISDIR");
  rmdirSync(join(folder, "taken"));
  await other.add(result("d.jpg"));
  const pictures = (name: string) =>
    readFileSync(join(folder, name), "utf8")
      .split("\r\n")
      .map((line) => line.split(",")[0]);
  expect(pictures("r.csv")).toEqual(["picture", "a.jpg", "b.jpg", "c.jpg", ""]);
  expect(pictures("taken")).toEqual(["picture", "d.jpg", ""]);
});

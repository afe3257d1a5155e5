import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expandPictures } from "./expand-pictures.ts";

const root = mkdtempSync(join(tmpdir(), "expand-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const path of [
  ...["b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "a.result.png", "a.pop.webp"],
  ...["sub/c.webp", "sub/deep/d.avif", "sub/.git/e.jpg", "odd[1].jpg", "other/readme.md"],
]) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
}

const expand = (paths: readonly string[], isRecursive = false) =>
  expandPictures(
    paths.map((path) => join(root, path)),
    { isRecursive, outputNames: ["result", "pop"] },
  ).map((path) => path.slice(root.length + 1));

test("a folder stands for its pictures by name, without hidden files and earlier results", () => {
  expect(expand([""])).toEqual(["a.PNG", "b.jpg", "odd[1].jpg"]);
  expect(expand([""], true)).toEqual(["a.PNG", "b.jpg", "odd[1].jpg", "sub/c.webp", "sub/deep/d.avif"]);
  expect(expand(["sub", "b.jpg"])).toEqual(["sub/c.webp", "b.jpg"]);
});

test("a pattern stands for the files that it matches, unless a file has that name", () => {
  expect(expand(["*.jpg"])).toEqual(["b.jpg", "odd[1].jpg"]);
  expect(expand(["**/*.{webp,avif}"])).toEqual(["a.pop.webp", "sub/c.webp", "sub/deep/d.avif"]);
  expect(expand(["odd[1].jpg"])).toEqual(["odd[1].jpg"]);
});

test("a file that is not there, and one of any name, stay as they are", () => {
  expect(expand(["missing.jpg", "notes.txt"])).toEqual(["missing.jpg", "notes.txt"]);
  expect(expandPictures(["-"], { isRecursive: false, outputNames: [] })).toEqual(["-"]);
});

test("a folder without pictures and a pattern without files are refused with what was typed", () => {
  expect(() => expand(["other"])).toThrow(
    `Expected \`picture\` to be a folder with pictures (.jpg, .jpeg, .jpe, .jfif, .png, .webp, .avif, .gif), got \`${join(root, "other")}\` without any; --recursive looks into its subfolders, too`,
  );
  expect(() => expand(["other"], true)).toThrow(/without any$/);
  expect(() => expand(["*.tif"])).toThrow(
    `Expected \`picture\` to be a file, a folder or a pattern that matches files, got \`${join(root, "*.tif")}\``,
  );
});

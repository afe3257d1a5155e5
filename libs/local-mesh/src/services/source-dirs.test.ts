import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { roleNames } from "@pixelmesh/roles";
import { expect, test } from "vitest";
import { sourceDirsOf } from "./source-dirs.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

test("a service's sources are its own, those of its libs, and the contracts; all exist", () => {
  const foldersOf = (name: (typeof roleNames)[number]) => sourceDirsOf(name).map((dir) => relative(root, dir));
  for (const name of roleNames) {
    expect(foldersOf(name)).toEqual(expect.arrayContaining([`services/${name}/src`, "libs/errors/src", "proto/gen"]));
    expect(sourceDirsOf(name).filter((dir) => !existsSync(dir))).toEqual([]);
  }
  expect(foldersOf("upscale")).toContain("libs/inference/src");
  expect(foldersOf("scheduler")).not.toContain("libs/inference/src");
});

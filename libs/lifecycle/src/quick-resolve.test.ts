import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeFlags } from "./index.ts";

test("a program that runs from sources finds sources and packages, each once, and misses what is not there", () => {
  const program = fileURLToPath(new URL("../test/quick-start.ts", import.meta.url));
  const text = execFileSync(process.execPath, [...nodeFlags(import.meta.url), program], { encoding: "utf8" });
  expect(JSON.parse(text)).toEqual(["a.ts", true, "not found"]);
});

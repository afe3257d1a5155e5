import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleConsole, distDir } from "./bundle.ts";

test("The committed build is what the sources build; otherwise run: make console", async () => {
  const built = await bundleConsole();
  expect((await readdir(distDir)).sort()).toEqual([...built.keys()].sort());
  for (const [name, content] of built)
    expect(await readFile(join(distDir, name), "utf8"), `dist/${name}`).toBe(content);
});

test("The build is at most 120 KiB gzipped", async () => {
  const sizes = [...(await bundleConsole()).values()].map((content) => gzipSync(content).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(120 * 1024);
});

test("The build names no outside address that it would fetch, and has no inline script or style", async () => {
  const built = await bundleConsole();
  const page = built.get("index.html") ?? "";
  expect(page).not.toMatch(/<style|style=|<script>|\son[a-z]+=|https?:/);
  expect(built.get("app.css")).not.toMatch(/@import|url\(/);
  // Names of XML namespaces are no addresses that are fetched.
  const addresses = [...(built.get("app.js") ?? "").matchAll(/https?:\/\/[^"'`\s]+/g)].map(([address]) => address);
  expect(addresses.filter((address) => !/^http:\/\/www\.w3\.org\//.test(address))).toEqual([]);
});

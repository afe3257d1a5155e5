import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.ts";

const site = "https://github.com/pixelmesh/pixelmesh/blob/main/";

/** Writes the readme of a package. Its links to files of the checkout become addresses. */
export function writeReadme(source: string, dir: string): void {
  const text = readFileSync(join(root, source, "README.md"), "utf8");
  const linked = text.replaceAll(/\]\((?!https?:|#)([^)]+)\)/g, (_, path: string) => {
    const address = new URL(path, `${site}${source}/`);
    return `](${address.href})`;
  });
  writeFileSync(join(dir, "README.md"), linked);
}

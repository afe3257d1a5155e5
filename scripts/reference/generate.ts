// Writes docs/reference/*.md from the code. `--check` compares instead, and exits with 1 where a page differs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { chartValuesPage } from "./chart-values.ts";
import { cliPage } from "./cli.ts";
import { errorsPage } from "./errors.ts";
import { metricsPage } from "./metrics.ts";
import { settingsPage } from "./settings.ts";

const folder = new URL("../../docs/reference/", import.meta.url);
const pages: readonly (readonly [string, string])[] = [
  ["settings.md", settingsPage()],
  ["metrics.md", metricsPage()],
  ["errors.md", errorsPage()],
  ["cli.md", await cliPage()],
  ["chart-values.md", chartValuesPage()],
];

if (process.argv.includes("--check")) {
  const stale = pages.filter(([name, text]) => read(name) !== text).map(([name]) => name);
  for (const name of stale)
    process.stderr.write(`Expected docs/reference/${name} to be what the code says; run: make generate-docs\n`);
  process.exit(stale.length === 0 ? 0 : 1);
}
mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);

function read(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, folder), "utf8");
  } catch {
    return undefined;
  }
}

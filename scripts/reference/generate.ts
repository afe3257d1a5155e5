// Writes docs/reference/*.md from the code. `--check` compares instead, and exits with 1 where a page differs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { chartValuesPage } from "./chart-values.ts";
import { cliPage } from "./cli.ts";
import { effectsPage, exampleDigests, renderExamples, renderedDigests } from "./effects.ts";
import { errorsPage } from "./errors.ts";
import { featuresPage } from "./features.ts";
import { metricsPage } from "./metrics.ts";
import { settingsPage } from "./settings.ts";

const folder = new URL("../../docs/reference/", import.meta.url);
const pages: readonly (readonly [string, string])[] = [
  ["settings.md", settingsPage()],
  ["effects.md", effectsPage()],
  ["features.md", featuresPage()],
  ["metrics.md", metricsPage()],
  ["errors.md", errorsPage()],
  ["cli.md", await cliPage()],
  ["chart-values.md", chartValuesPage()],
];

// Pictures differ in a few bytes between releases of their encoder, so the revisions and settings behind them are compared.
const hasExamples = JSON.stringify(renderedDigests()) === JSON.stringify(exampleDigests());

if (process.argv.includes("--check")) {
  const stale = pages.filter(([name, text]) => read(name) !== text).map(([name]) => name);
  if (!hasExamples) stale.push("effects/rendered.json");
  for (const name of stale)
    process.stderr.write(`Expected docs/reference/${name} to be what the code says; run: make generate-docs\n`);
  process.exit(stale.length === 0 ? 0 : 1);
}
mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
if (!hasExamples) await renderExamples();

function read(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, folder), "utf8");
  } catch {
    return undefined;
  }
}

/** Checks the import rules of .dependency-cruiser.cjs. Fails on a violation, and where it did not see every source file. */
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";

type Cruised = {
  modules: { source: string }[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
};

const sources = globSync(["libs/*/src/**/*.ts", "services/*/src/**/*.ts", "proto/index.ts"]).filter(
  (path) => !path.endsWith(".test.ts"),
);
const output = execFileSync(
  "node_modules/.bin/depcruise",
  ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "libs", "services", "proto/index.ts"],
  {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  },
);
const { modules, summary } = JSON.parse(output) as Cruised;
const seen = new Set(modules.map(({ source }) => source));
const unseen = sources.filter((source) => !seen.has(source));
for (const { from, to, rule } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
if (unseen.length > 0)
  console.error(`Expected to see every source file, missed ${unseen.length}, such as ${unseen[0]}`);
console.log(`imports: ${seen.size} modules seen, ${summary.violations.length} violations`);
process.exit(summary.violations.length > 0 || unseen.length > 0 || sources.length === 0 ? 1 : 0);

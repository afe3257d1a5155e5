/**
 * Checks that comments, test names and pages avoid the words of scripts/words/rules.ts. Old breaks are counted in words-baseline.json, which may only
 * shrink: `node scripts/check-words.ts --shrink` lowers it to what is still there. Fails on a new break, and on a baseline that is too high.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { findWords, newHits, shrinkBaseline, type WordsBaseline } from "./words/find-words.ts";

const baselinePath = "scripts/words-baseline.json";
/** Built or generated files, the list of the words itself, and history. */
const skipped =
  /(^|\/)(node_modules|\.\w+|out|dist|coverage|gen)(\/|$)|^(CHANGELOG|docs\/glossary)\.md$|^scripts\/words\//;

const paths = globSync("**/*.{ts,md,proto,sh}", { exclude: (path) => skipped.test(path) }).filter(
  (path) => !skipped.test(path),
);
const hits = paths.flatMap((path) => findWords(path, readFileSync(path, "utf8")));
const baseline = JSON.parse(readFileSync(baselinePath, "utf8")) as WordsBaseline;
const toText = (content: WordsBaseline) => `${JSON.stringify(content, null, 2)}\n`;
const shrunk = toText(shrinkBaseline(hits, baseline));

if (process.argv.includes("--shrink")) writeFileSync(baselinePath, shrunk);
const fresh = newHits(hits, baseline);
for (const { path, line, rule, found } of fresh)
  console.error(`${path}:${line}: ${rule.name}: Expected no \`${found}\`, write instead: ${rule.instead}`);
const isTooHigh = readFileSync(baselinePath, "utf8") !== shrunk;
if (isTooHigh) console.error(`${baselinePath} allows more than is there; run: node scripts/check-words.ts --shrink`);
console.log(`words: ${paths.length} files, ${hits.length} old breaks, ${fresh.length} new`);
process.exit(fresh.length > 0 || isTooHigh || paths.length === 0 ? 1 : 0);

import { extractProse, type Prose } from "./extract-prose.ts";
import { type WordRule, wordRules } from "./rules.ts";

/** One place where text breaks a rule. */
export type WordHit = { readonly path: string; readonly line: number; readonly rule: WordRule; readonly found: string };

/** Finds every break of a rule in the prose of a file. */
export function findWords(path: string, content: string, rules: readonly WordRule[] = wordRules): WordHit[] {
  return extractProse(path, content).flatMap((prose) => findInProse(path, prose, rules));
}

function findInProse(path: string, { lines }: Prose, rules: readonly WordRule[]): WordHit[] {
  const joined = lines.map(({ text }) => text).join(" ");
  return rules.flatMap((rule) =>
    [...joined.matchAll(rule.pattern)].map(({ index, 0: found }) => ({
      path,
      line: lineAt(lines, index),
      rule,
      found,
    })),
  );
}

function lineAt(lines: Prose["lines"], index: number): number {
  let end = 0;
  for (const { line, text } of lines) {
    end += text.length + 1;
    if (index < end) return line;
  }
  return lines.at(-1)?.line ?? 1;
}

/** Breaks of each rule that were there before: `{ "path": { "rule": count } }`. */
export type WordsBaseline = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counts the hits of each file and rule, sorted by path. */
export function toBaseline(hits: readonly WordHit[]): WordsBaseline {
  const counts: Record<string, Record<string, number>> = {};
  for (const { path, rule } of hits.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    counts[path] ??= {};
    counts[path][rule.name] = (counts[path][rule.name] ?? 0) + 1;
  }
  return counts;
}

/** Returns the hits of every file and rule that has more of them than its baseline allows. */
export function newHits(hits: readonly WordHit[], baseline: WordsBaseline): WordHit[] {
  const counts = toBaseline(hits);
  return hits.filter(({ path, rule }) => (counts[path]?.[rule.name] ?? 0) > (baseline[path]?.[rule.name] ?? 0));
}

/** Returns the smaller of baseline and present count for every file and rule; nothing is added. */
export function shrinkBaseline(hits: readonly WordHit[], baseline: WordsBaseline): WordsBaseline {
  const counts = toBaseline(hits);
  const shrunk = Object.entries(baseline).map(([path, allowed]) => {
    const rules = Object.entries(allowed).map(
      ([rule, count]) => [rule, Math.min(count, counts[path]?.[rule] ?? 0)] as const,
    );
    return [path, Object.fromEntries(rules.filter(([, count]) => count > 0))] as const;
  });
  return Object.fromEntries(shrunk.filter(([, rules]) => Object.keys(rules).length > 0));
}

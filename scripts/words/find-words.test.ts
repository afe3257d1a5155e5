import { expect, test } from "vitest";
import { findWords, newHits, shrinkBaseline, toBaseline, type WordHit } from "./find-words.ts";
import { wordRules } from "./rules.ts";

const briefly = (hits: readonly WordHit[]) => hits.map(({ line, rule, found }) => [line, rule.name, found]);
const find = (path: string, ...lines: string[]) => briefly(findWords(path, lines.join("\n")));

test("comments of TypeScript are checked: whole lines, doc comments, and comments behind code", () => {
  expect(
    find(
      "a.ts",
      "/** Whoever calls it. */",
      "/**",
      " * Waits for",
      " * ever.",
      " */",
      'const url = "http://x // Whoever"; // a hearsay',
      'const text = "nobody";',
    ),
  ).toEqual([
    [1, "hidden-subject", "Whoever"],
    [3, "for-ever", "for ever"],
    [6, "hearsay", "hearsay"],
  ]);
});

test("the name of a test begins a sentence", () => {
  expect(
    find("a.test.ts", 'test("whatever is asked for, ids are unique", () => {', '  it("takes whatever", f);'),
  ).toEqual([[1, "hidden-subject", "Whatever"]]);
});

test("the text of a page is checked, its code is not", () => {
  const page = ["Nobody waits.", "", "```sh", "nobody", "```", "Run `nobody` by the slot", "of the time."];
  expect(find("a.md", ...page)).toEqual([
    [1, "hidden-subject", "Nobody"],
    [6, "of-the-time", "slot of the time"],
  ]);
});

test("comments of scripts and contracts are checked", () => {
  expect(find("a.sh", "#!/bin/sh", "# Nobody", "echo nobody # nobody")).toEqual([[2, "hidden-subject", "Nobody"]]);
  expect(find("a.proto", "// A corpse.", "string nobody = 1;")).toEqual([[1, "corpse", "corpse"]]);
});

test("each rule names what to write instead, and has its own name", () => {
  expect(wordRules.every(({ instead, pattern }) => instead !== "" && pattern.global)).toBe(true);
  expect(new Set(wordRules.map(({ name }) => name)).size).toBe(wordRules.length);
});

test("a baseline allows old breaks, refuses more of them, and only shrinks", () => {
  const two = findWords("a.ts", "// Nobody, nobody.");
  const baseline = { "a.ts": { "hidden-subject": 2 }, "gone.ts": { corpse: 1 } };
  expect(toBaseline(two)).toEqual({ "a.ts": { "hidden-subject": 2 } });
  expect(newHits(two, baseline)).toEqual([]);
  expect(newHits(findWords("a.ts", "// Nobody, nobody, nobody."), baseline)).toHaveLength(3);
  expect(newHits(findWords("b.ts", "// Nobody."), baseline)).toHaveLength(1);
  expect(shrinkBaseline(two, baseline)).toEqual({ "a.ts": { "hidden-subject": 2 } });
  expect(shrinkBaseline(findWords("a.ts", "// Nobody, nobody, nobody."), baseline)["a.ts"]).toEqual({
    "hidden-subject": 2,
  });
});

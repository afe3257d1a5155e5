import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { type FileChange, isSource, watchFiles } from "./watch-files.ts";

type Name = "a" | "b";

function createWatched() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pixelmesh-watch-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [own, shared] = [join(root, "own"), join(root, "shared")];
  for (const dir of [own, join(shared, "deep")]) mkdirSync(dir, { recursive: true });
  writeFileSync(join(shared, "deep", "x.ts"), "1");
  const changes: FileChange<Name>[] = [];
  const dirsOf = new Map<Name, readonly string[]>([
    ["a", [own, shared]],
    ["b", [shared]],
  ]);
  const close = watchFiles(dirsOf, isSource, (change) => changes.push(change), expect.fail);
  onTestFinished(close);
  return { own, shared, changes };
}

/** Replaces a file as editors do. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

test("a changed file names the services that use it, each time that it is replaced", async () => {
  const { own, shared, changes } = createWatched();
  const deep = join(shared, "deep", "x.ts");
  for (let times = 1; times <= 3; times += 1) {
    replace(deep, String(times + 1));
    await expect.poll(() => changes, { timeout: 10_000 }).toHaveLength(times);
    expect(changes.at(-1)).toEqual({ paths: [deep], count: 1, names: ["a", "b"] });
  }
  writeFileSync(join(own, "new.ts"), "1");
  await expect.poll(() => changes.at(-1), { timeout: 10_000 }).toMatchObject({ names: ["a"] });
});

test("changes shortly after one another are reported once; tests and other files are not", async () => {
  const { own, changes } = createWatched();
  for (const name of ["x.test.ts", "notes.md", "x.ts~"]) writeFileSync(join(own, name), "1");
  await sleep(600);
  expect(changes).toEqual([]);
  for (let at = 0; at < 5; at += 1) writeFileSync(join(own, `${at}.ts`), "1");
  await expect.poll(() => changes, { timeout: 10_000 }).toHaveLength(1);
  expect(changes[0]).toMatchObject({ count: 5, names: ["a"] });
  expect(changes[0]?.paths).toHaveLength(3);
});

test("changes without an end are reported after two seconds", async () => {
  const { own, changes } = createWatched();
  const beginMs = performance.now();
  while (changes.length === 0 && performance.now() - beginMs < 20_000) {
    writeFileSync(join(own, "x.ts"), String(performance.now()));
    await sleep(50);
  }
  expect(changes).toHaveLength(1);
  expect(performance.now() - beginMs).toBeGreaterThan(1_900);
});

test("a directory that does not exist is refused", () => {
  const dirsOf = new Map([["a", ["/nowhere/at/all"]]]);
  expect(() =>
    watchFiles(
      dirsOf,
      isSource,
      () => {},
      () => {},
    ),
  ).toThrow("Expected /nowhere/at/all to be a directory");
});

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { finishedKey, openFinished } from "./finished.ts";

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "finished-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeOutput(folder: string, name: string, bytes: number) {
  writeFileSync(join(folder, name), Buffer.alloc(bytes));
  return { name: "result", path: join(folder, name), width: 3, height: 2, format: "png", bytes, sha256: "0" };
}

test("a finished picture is found by later commands while its outputs are as they were", async () => {
  const folder = createFolder();
  const output = writeOutput(folder, "a.result.png", 10);
  await openFinished(folder).add("one", [output]);
  expect(openFinished(folder).find("one")).toEqual([output]);
  expect(openFinished(folder).find("two")).toBeUndefined();
  writeFileSync(output.path, Buffer.alloc(9));
  expect(openFinished(folder).find("one")).toBeUndefined();
  rmSync(output.path);
  expect(openFinished(folder).find("one")).toBeUndefined();
});

test("broken lines are passed over, and an outdated list is written anew", async () => {
  const folder = createFolder();
  const list = join(folder, ".pixelmesh-finished.jsonl");
  const output = writeOutput(folder, "a.result.png", 10);
  const finished = openFinished(folder);
  for (let i = 0; i < 1_200; i++) await finished.add("same", [output]);
  appendFileSync(list, 'no JSON\n{"key":1}\n{"key":"cut","outp');
  expect(openFinished(folder).find("same")).toEqual([output]);
  expect(readFileSync(list, "utf8").trimEnd().split("\n")).toHaveLength(1);
});

test("the key depends on all contents and on the settings, not on where files lie", async () => {
  const folder = createFolder();
  const [one, copy, other] = ["one", "copy", "other"].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(one, "picture");
  writeFileSync(copy, "picture");
  writeFileSync(other, "another");
  const key = await finishedKey([one], { blur: 1 });
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(await finishedKey([copy], { blur: 1 })).toBe(key);
  const others = [
    finishedKey([other], { blur: 1 }),
    finishedKey([one], { blur: 2 }),
    finishedKey([one, other], { blur: 1 }),
    finishedKey([other, one], { blur: 1 }),
  ];
  expect(new Set([key, ...(await Promise.all(others))]).size).toBe(5);
  expect(await finishedKey(["-"], {})).toBeUndefined();
  expect(await finishedKey([join(folder, "missing")], {})).toBeUndefined();
  expect(await finishedKey([folder], {})).toBeUndefined();
});

test("a line that was cut by a crash costs no other one, and pictures of watched folders keep their stems", async () => {
  const folder = createFolder();
  const list = join(folder, ".pixelmesh-finished.jsonl");
  const output = writeOutput(folder, "a.result.png", 10);
  await openFinished(folder).add("one", [output], { source: "sub/a.jpg", stem: "a" });
  appendFileSync(list, '{"key":"cut","outp');
  const again = openFinished(folder);
  await again.add("two", [output], { source: "a.png", stem: "a-2" });
  await again.add("three", [output]);
  const last = openFinished(folder);
  expect(["one", "two", "three", "cut"].map((key) => last.find(key)?.length)).toEqual([1, 1, 1, undefined]);
  expect([...last.origins()]).toEqual([
    { source: "sub/a.jpg", stem: "a" },
    { source: "a.png", stem: "a-2" },
  ]);
});

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LogChange, openLogFile } from "./log-file.ts";
import { createLogTrouble } from "./log-trouble.ts";

function createDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function openTestLog(path: string) {
  const changes: LogChange[] = [];
  const log = openLogFile(path, { retryMs: 10, onChange: (change) => changes.push(change) });
  onTestFinished(log.close);
  return { log, changes };
}

const kinds = (changes: readonly LogChange[]) => changes.map(({ kind }) => kind);

test("what a full device refuses is dropped and counted; failing and recovery are each reported once", async ({
  skip,
}) => {
  if (process.platform !== "linux") skip("/dev/full is Linux's");
  const path = join(createDir(), "a.log");
  symlinkSync("/dev/full", path);
  const { log, changes } = openTestLog(path);
  for (let at = 0; at < 10; at += 1) log.write(Buffer.from("0123456789"));
  expect(changes).toEqual([{ kind: "failing", why: expect.stringContaining("ENOSPC") }]);
  rmSync(path);
  await expect.poll(() => kinds(changes), { timeout: 10_000 }).toEqual(["failing", "recovered"]);
  expect(changes[1]).toEqual({ kind: "recovered", droppedBytes: 100 });
  log.write(Buffer.from("again\n"));
  expect(readFileSync(path, "utf8")).toMatch(/^\n\[100 bytes could not be written: ENOSPC.*\]\nagain\n$/);
  expect(log.tail()).toMatch(/0123456789again\n$/);
});

test("a log whose place is taken by something else is tried again", async () => {
  const dir = createDir();
  writeFileSync(join(dir, "logs"), "a file where the folder should be");
  const { log, changes } = openTestLog(join(dir, "logs", "a.log"));
  log.write(Buffer.from("lost"));
  expect(kinds(changes)).toEqual(["failing"]);
  rmSync(join(dir, "logs"));
  await expect.poll(() => kinds(changes), { timeout: 10_000 }).toEqual(["failing", "recovered"]);
});

/** A file system of its own at `dir`, of 64 KiB; undefined where this user may mount none. */
function mountSmall(dir: string, ...options: string[]): { remount(...options: string[]): void } | undefined {
  const mount = (...given: string[]) =>
    spawnSync("mount", ["-t", "tmpfs", "-o", ["size=64k", ...given].join(","), "pixelmesh-test", dir]).status === 0;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !mount(...options)) return undefined;
  onTestFinished(() => void spawnSync("umount", ["-l", dir]));
  return { remount: (...given) => mount("remount", ...given) };
}

test("a log on a full file system loses the middle of its text, and neither its start nor its end", async ({
  skip,
}) => {
  const dir = join(createDir(), "small");
  mkdirSync(dir);
  if (!mountSmall(dir)) skip("may not mount a file system");
  const { log, changes } = openTestLog(join(dir, "a.log"));
  const line = Buffer.from(`${"x".repeat(999)}\n`);
  for (let at = 0; at < 100; at += 1) log.write(line);
  expect(changes).toEqual([{ kind: "failing", why: expect.stringContaining("ENOSPC") }]);
  expect(statSync(log.path).size).toBeLessThanOrEqual(64 * 1024);
  writeFileSync(log.path, "");
  await expect.poll(() => kinds(changes), { timeout: 10_000 }).toEqual(["failing", "recovered"]);
  const recovered = changes[1] as Extract<LogChange, { kind: "recovered" }>;
  expect(recovered.droppedBytes).toBe(100_000 - 64 * 1024);
});

test("a log on a read-only file system is written once that takes writes", async ({ skip }) => {
  const dir = join(createDir(), "small");
  mkdirSync(dir);
  const small = mountSmall(dir, "ro");
  if (!small) return skip("may not mount a file system");
  const { log, changes } = openTestLog(join(dir, "a.log"));
  log.write(Buffer.from("lost"));
  expect(changes).toEqual([{ kind: "failing", why: expect.stringContaining("EROFS") }]);
  small.remount("rw");
  await expect.poll(() => kinds(changes), { timeout: 10_000 }).toEqual(["failing", "recovered"]);
});

test("the logs of a mesh report together: at the first that fails, and when none does any more", () => {
  const said: string[] = [];
  const tell = createLogTrouble((text) => said.push(text));
  tell("a", { kind: "failing", why: "ENOSPC" });
  tell("b", { kind: "failing", why: "ENOSPC" });
  tell("a", { kind: "recovered", droppedBytes: 3 });
  expect(said).toHaveLength(1);
  tell("b", { kind: "recovered", droppedBytes: 4 });
  expect(said).toEqual([
    "logs cannot be written: ENOSPC; what services write is dropped until they can be, work goes on",
    "logs are written again; 7 bytes were dropped",
  ]);
});

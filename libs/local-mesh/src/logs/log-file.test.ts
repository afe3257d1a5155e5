import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLogFailures } from "./log-failures.ts";
import { type LogChange, openLogFile } from "./log-file.ts";

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

test("bytes that a full device refuses are dropped and counted; failure and recovery are each reported once", async ({
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

test("a log whose folder is a file is retried", async () => {
  const dir = createDir();
  writeFileSync(join(dir, "logs"), "a file where the folder should be");
  const { log, changes } = openTestLog(join(dir, "logs", "a.log"));
  log.write(Buffer.from("lost"));
  expect(kinds(changes)).toEqual(["failing"]);
  rmSync(join(dir, "logs"));
  await expect.poll(() => kinds(changes), { timeout: 10_000 }).toEqual(["failing", "recovered"]);
});

/** Mounts a file system of 64 KiB at `dir`. Returns undefined where this user may not mount. */
function mountSmall(dir: string, ...options: string[]): { remount(...options: string[]): void } | undefined {
  const mount = (...given: string[]) =>
    spawnSync("mount", ["-t", "tmpfs", "-o", ["size=64k", ...given].join(","), "pixelmesh-test", dir]).status === 0;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !mount(...options)) return undefined;
  onTestFinished(() => void spawnSync("umount", ["-l", dir]));
  return { remount: (...given) => mount("remount", ...given) };
}

test("a log on a full file system drops text, and keeps what was written before and after", async ({ skip }) => {
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

test("a log on a read-only file system is written when that becomes writable", async ({ skip }) => {
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

test("the logs of a mesh report one failure when the first fails, and one recovery when none fails any more", () => {
  const reported: string[] = [];
  const onLogChange = createLogFailures((text) => reported.push(text));
  onLogChange("a", { kind: "failing", why: "ENOSPC" });
  onLogChange("b", { kind: "failing", why: "ENOSPC" });
  onLogChange("a", { kind: "recovered", droppedBytes: 3 });
  expect(reported).toHaveLength(1);
  onLogChange("b", { kind: "recovered", droppedBytes: 4 });
  expect(reported).toEqual([
    "logs cannot be written: ENOSPC; what services write is dropped until they can be, work goes on",
    "logs are written again; 7 bytes were dropped",
  ]);
});

test("a log keeps one previous file, both files are bounded, and its tail is the last output", () => {
  const log = openLogFile(join(createDir(), "logs", "a.log"), { maxBytes: 100 });
  for (let i = 0; i < 50; i += 1) log.write(Buffer.from(`line ${String(i).padStart(2, "0")}\n`));
  log.close();
  log.write(Buffer.from("too late"));
  expect(statSync(log.path).size).toBeLessThanOrEqual(100);
  expect(statSync(`${log.path}.1`).size).toBeLessThanOrEqual(100);
  expect(readFileSync(`${log.path}.1`, "utf8") + readFileSync(log.path, "utf8")).toMatch(/line 48\nline 49\n$/);
  expect(log.tail().startsWith("line 00\n")).toBe(true);
});

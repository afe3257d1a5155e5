import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { findProcesses, identify, isRunning, startOf } from "./process-identity.ts";

async function startSleeper() {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600_000)", "--", "--marker", "a b"]);
  await once(child, "spawn");
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, pid: child.pid as number };
}

test("a process has one identity while it runs, and none after its end", async () => {
  const { child, pid } = await startSleeper();
  const identity = identify(pid);
  expect(isRunning(identity)).toBe(true);
  expect(identify(pid)).toEqual(identity);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isRunning(identity)).toBe(false);
  expect(startOf(pid)).toBeUndefined();
});

test("another process with the same id has another identity", () => {
  const { pid, startedAs } = identify(process.pid);
  expect(isRunning({ pid, startedAs: `${startedAs}1` })).toBe(false);
  expect(isRunning({ pid, startedAs: "" })).toBe(false);
});

test("start times differ by as much as those of ps", async ({ skip }) => {
  if (process.platform !== "linux") skip("on other systems start times come from ps");
  const ticks = (pid: number) => Number(startOf(pid)?.split(" ")[1]);
  const { pid } = await startSleeper();
  // Seconds since the start, by another program.
  const age = (id: number) =>
    Number(execFileSync("ps", ["-o", "etimes=", "-p", String(id)], { encoding: "utf8" }).trim());
  const older = age(process.ppid) - age(pid);
  expect(Math.abs((ticks(pid) - ticks(process.ppid)) / 100 - older)).toBeLessThanOrEqual(2);
});

test("zombie processes do not run", async ({ skip }) => {
  if (process.platform !== "linux") skip("needs /proc");
  // The shell execs a program that never waits for the shell's child, which ends later.
  const parent = spawn("/bin/sh", ["-c", "exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 600"]);
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  const nameOf = (id: number | undefined) => readFileSync(`/proc/${id}/comm`, "utf8").trim();
  await expect.poll(() => nameOf(parent.pid), { timeout: 10_000 }).toBe("sleep");
  expect(startOf(pid)).toBeDefined();
  parent.stdin.end();
  await expect.poll(() => startOf(pid), { timeout: 10_000 }).toBeUndefined();
  expect(() => process.kill(pid, 0)).not.toThrow();
});

test("processes are found by arguments in a row", async () => {
  const { pid } = await startSleeper();
  const pids = (...args: string[]) => findProcesses(...args).map((found) => found.pid);
  await expect.poll(() => pids("--marker", "a b"), { timeout: 10_000 }).toContain(pid);
  expect(pids("--marker", "a")).not.toContain(process.platform === "linux" ? pid : undefined);
  expect(pids("--marker", "other")).toEqual([]);
});

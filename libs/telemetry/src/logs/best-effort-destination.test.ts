import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const urlOf = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);

/** Runs the code of a module in its own process, because the tests close file descriptors. */
function runModule(code: string, redirect = "", ...args: string[]) {
  const line = `"$@" ${redirect}`;
  const node = [process.execPath, "--conditions=development", "--input-type=module", "-e", code, ...args];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  return spawnSync("/bin/sh", ["-c", line, "sh", ...node], { encoding: "utf8", cwd });
}

test("the notice before the next written line has the number of dropped lines and the error code", () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "log");
  const code = `
    import { closeSync, openSync } from "node:fs";
    import { createBestEffortDestination } from ${urlOf("./best-effort-destination.ts")};
    const path = process.argv[1];
    const first = openSync(path, "a");
    const destination = createBestEffortDestination(first, (dropped, why) => dropped + " lost to " + why + "\\n");
    destination.write("a\\n");
    closeSync(first);
    destination.write("b\\n");
    destination.write("c\\n");
    // The kernel takes the lowest free descriptor, which is the one that was closed.
    if (openSync(path, "a") !== first) throw new Error("another descriptor");
    destination.write("d\\n");
    destination.write("e\\n");
    process.stdout.write(String(destination.droppedLines()));`;
  expect(runModule(code, "", path)).toMatchObject({ status: 0, stdout: "2" });
  expect(readFileSync(path, "utf8")).toBe("a\n2 lost to EBADF\nd\ne\n");
});

const logFive = `
  const { createLogger, droppedLogLines } = await import(${urlOf("./logger.ts")});
  const log = createLogger({ service: "x" });
  for (let at = 0; at < 5; at += 1) log.info({ at }, "line " + at);
  process.stdout.write(String(droppedLogLines()));`;

test("a process whose log device is full continues and counts its dropped lines", ({ skip }) => {
  if (process.platform !== "linux") skip("/dev/full is Linux's");
  expect(runModule(logFive, "2>/dev/full")).toMatchObject({ status: 0, stdout: "5" });
});

test("a process whose log pipe is closed continues and counts its dropped lines", async () => {
  const node = [
    "--conditions=development",
    "--input-type=module",
    "-e",
    `for await (const _ of process.stdin);${logFive}`,
  ];
  const child = spawn(process.execPath, node, { stdio: "pipe", cwd: fileURLToPath(new URL("../..", import.meta.url)) });
  child.stderr.destroy();
  await once(child.stderr, "close");
  child.stdin.end();
  const [code, out] = await Promise.all([once(child, "exit"), child.stdout.toArray()]);
  expect([code, Buffer.concat(out).toString()]).toEqual([[0, null], "5"]);
});

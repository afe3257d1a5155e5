import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endLeftovers } from "./leftovers.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

function createDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "pixelmesh-left-")));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A process that ignores SIGTERM, with these arguments. */
async function startStubborn(...args: string[]): Promise<ProcessIdentity> {
  const code = 'process.on("SIGTERM", () => {}); console.log("ready"); setTimeout(() => {}, 600_000)';
  const child = spawn(process.execPath, ["-e", code, "--", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return identify(child.pid as number);
}

test("processes that ignore SIGTERM are killed: a broker of the directory and a known process", async () => {
  const dir = createDir();
  const broker = await startStubborn("--config", join(dir, "nats.conf"), "--addr", "127.0.0.1");
  const service = await startStubborn();
  await endLeftovers(dir, [service], 300);
  expect([broker, service].map(isRunning)).toEqual([false, false]);
});

test("brokers of other directories and processes that only share an id keep running", async () => {
  const dir = createDir();
  const other = await startStubborn("--config", join(createDir(), "nats.conf"));
  await endLeftovers(dir, [{ pid: other.pid, startedAs: "an earlier start" }], 300);
  expect(isRunning(other)).toBe(true);
});

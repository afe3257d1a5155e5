import { existsSync, realpathSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { lockDir, lockPath } from "./dir-lock.ts";
import { endLeftovers } from "./leftovers.ts";
import { meshFilePath, readMeshFile, toProcesses } from "./mesh-file.ts";
import { isRunning } from "./process-identity.ts";

const pollMs = 50;
const killedMs = 5_000;

/**
 * Stops the mesh that runs on a data directory: SIGTERM to the process in charge, which drains it, and after `timeoutMs` SIGKILL to
 * all. Processes that a dead one left behind are ended too. `none` where nothing runs. Throws SERVICE_UNAVAILABLE where that
 * fails.
 */
export async function stopMesh(
  dataDir: string,
  timeoutMs: number,
  say: (text: string) => void,
): Promise<"stopped" | "none"> {
  const path = meshFilePath(dataDir);
  // A directory that never held a mesh is left as it is.
  if (!existsSync(path) && !existsSync(lockPath(dataDir))) return "none";
  const facts = readMeshFile(path);
  const lock = lockDir(dataDir);
  if (lock) {
    // Nothing is in charge here.
    try {
      const left = facts ? toProcesses(facts).filter(isRunning) : [];
      await endLeftovers(realpathSync(dataDir), left, Math.min(timeoutMs, killedMs));
      rmSync(path, { force: true });
      return left.length > 0 ? "stopped" : "none";
    } finally {
      lock.release();
    }
  }
  const supervisor = facts && { pid: facts.pid, startedAs: facts.startedAs?.[facts.pid] ?? "" };
  if (!supervisor || !isRunning(supervisor)) {
    throw new AppError(
      "SERVICE_UNAVAILABLE",
      `Expected ${path} to name the process that runs the mesh on ${dataDir}, and it does not: it may be starting, or run in ` +
        "another container. Try again, or stop it there",
    );
  }
  process.kill(supervisor.pid, "SIGTERM");
  if (!(await isReleased(dataDir, timeoutMs))) {
    say(`the mesh did not drain within ${timeoutMs / 1_000} s and is killed`);
    // Read again: services may have been started again since.
    const known = [supervisor, ...toProcesses(readMeshFile(path) ?? facts)];
    for (const { pid } of known.filter(isRunning)) process.kill(pid, "SIGKILL");
    await isReleased(dataDir, killedMs);
    await endLeftovers(realpathSync(dataDir), known, 0);
    rmSync(path, { force: true });
  }
  return "stopped";
}

/** Whether the lock of the directory is free within the time. */
async function isReleased(dataDir: string, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const lock = lockDir(dataDir);
    lock?.release();
    if (lock) return true;
    if (performance.now() > untilMs) return false;
    await sleep(pollMs);
  }
}

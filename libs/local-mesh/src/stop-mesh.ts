import { existsSync, realpathSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { lockDir, lockPath } from "./data-dir/dir-lock.ts";
import { meshFilePath, readMeshFile, toProcesses } from "./data-dir/mesh-file.ts";
import { endLeftovers } from "./processes/leftovers.ts";
import { isRunning } from "./processes/process-identity.ts";

const pollMs = 50;
const killedMs = 5_000;

/**
 * Stops the mesh that runs on a data directory. Its supervisor gets SIGTERM and drains the mesh. After `timeoutMs`, all its processes
 * get SIGKILL, and `report` gets a line. Processes that a dead supervisor left behind are ended too. Resolves with `none` where
 * nothing runs. Throws SERVICE_UNAVAILABLE where the supervisor cannot be found.
 */
export async function stopMesh(
  dataDir: string,
  timeoutMs: number,
  report: (text: string) => void,
): Promise<"stopped" | "none"> {
  const path = meshFilePath(dataDir);
  // A directory that never held a mesh is not touched.
  if (!existsSync(path) && !existsSync(lockPath(dataDir))) return "none";
  const facts = readMeshFile(path);
  const lock = lockDir(dataDir);
  if (lock) {
    // No supervisor holds the lock.
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
    report(`the mesh did not drain within ${timeoutMs / 1_000} s and is killed`);
    // Read again: services may have restarted since.
    const known = [supervisor, ...toProcesses(readMeshFile(path) ?? facts)];
    for (const { pid } of known.filter(isRunning)) process.kill(pid, "SIGKILL");
    await isReleased(dataDir, killedMs);
    await endLeftovers(realpathSync(dataDir), known, 0);
    rmSync(path, { force: true });
  }
  return "stopped";
}

/** Whether the lock of the directory becomes free within this time. */
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

import { setTimeout as sleep } from "node:timers/promises";
import { brokerConfigPath } from "@pixelmesh/bus/broker";
import { AppError } from "@pixelmesh/errors";
import { findProcesses, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** Services drain within 10 s after their supervisor has ended; a broker takes a second. */
const ownEndMs = 15_000;
const killedMs = 5_000;
const pollMs = 50;

/**
 * Ends the processes of an earlier mesh on this data directory: the known ones, and every broker that was started with the
 * directory's configuration. They get SIGTERM, and SIGKILL after `graceMs`. Throws SERVICE_UNAVAILABLE with the ids of processes
 * that run even then.
 */
export async function endLeftovers(
  dataDir: string,
  known: readonly ProcessIdentity[],
  graceMs = ownEndMs,
): Promise<void> {
  const brokers = findProcesses("--config", brokerConfigPath(dataDir));
  const all = [...known, ...brokers].filter(
    ({ pid }, index, them) => them.findIndex((other) => other.pid === pid) === index,
  );
  signal(all, "SIGTERM");
  if (await haveEnded(all, graceMs)) return;
  signal(all, "SIGKILL");
  if (await haveEnded(all, killedMs)) return;
  const pids = all.filter(isRunning).map(({ pid }) => pid);
  throw new AppError(
    "SERVICE_UNAVAILABLE",
    `Expected ${dataDir} to be unused, but processes of an earlier mesh run on it and do not end: ${pids.join(", ")}. ` +
      "End them, or choose another --data-dir",
  );
}

function signal(processes: readonly ProcessIdentity[], name: NodeJS.Signals): void {
  for (const each of processes.filter(isRunning)) {
    try {
      process.kill(each.pid, name);
    } catch {
      // It has just ended, or belongs to another user. In the second case the final error names it.
    }
  }
}

async function haveEnded(processes: readonly ProcessIdentity[], withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (processes.some(isRunning)) {
    if (performance.now() > untilMs) return false;
    await sleep(pollMs);
  }
  return true;
}

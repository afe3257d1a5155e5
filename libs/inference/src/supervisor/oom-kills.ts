import { readFileSync } from "node:fs";

/**
 * Number of processes that the kernel has killed for lack of memory since the machine started, in all containers
 * (`oom_kill` of /proc/vmstat); 0 if it cannot be read.
 */
export function readOomKills(path = "/proc/vmstat"): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // Not on this system.
  }
}

import { readFileSync } from "node:fs";

/**
 * How many processes the kernel has killed for lack of memory since the machine started, in whatever container
 * (`oom_kill` of /proc/vmstat); 0 where that is not told.
 */
export function readOomKills(path = "/proc/vmstat"): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // Not on this system.
  }
}

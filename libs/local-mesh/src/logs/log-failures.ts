import type { LogChange } from "./log-file.ts";

/**
 * Combines the failures of all logs of a mesh. Reports one line when the first log fails, and one when all logs are written again.
 */
export function createLogFailures(report: (text: string) => void): (name: string, change: LogChange) => void {
  const failing = new Set<string>();
  let droppedBytes = 0;
  return (name, change) => {
    if (change.kind === "failing") {
      if (failing.size === 0)
        report(`logs cannot be written: ${change.why}; what services write is dropped until they can be, work goes on`);
      failing.add(name);
      return;
    }
    failing.delete(name);
    droppedBytes += change.droppedBytes;
    if (failing.size > 0) return;
    report(`logs are written again; ${droppedBytes} bytes were dropped`);
    droppedBytes = 0;
  };
}

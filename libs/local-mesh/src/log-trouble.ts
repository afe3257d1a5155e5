import type { LogChange } from "./log-file.ts";

/**
 * Joins what the logs of a mesh report: says once that logs are not written, when the first of them fails, and once that they are
 * written again, when none fails any more. `say` gets a line for people.
 */
export function createLogTrouble(say: (text: string) => void): (name: string, change: LogChange) => void {
  const failing = new Set<string>();
  let droppedBytes = 0;
  return (name, change) => {
    if (change.kind === "failing") {
      if (failing.size === 0)
        say(`logs cannot be written: ${change.why}; what services write is dropped until they can be, work goes on`);
      failing.add(name);
      return;
    }
    failing.delete(name);
    droppedBytes += change.droppedBytes;
    if (failing.size > 0) return;
    say(`logs are written again; ${droppedBytes} bytes were dropped`);
    droppedBytes = 0;
  };
}

import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

/** Where log lines go, and how many could not be written. */
export type LossyDestination = DestinationStream & { droppedLines(): number };

const retryPauseMs = 5;
const mostRetries = 20;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes log lines to a file descriptor at once. A line that cannot be written (a full disk, a reader that is gone, an I/O
 * error) is dropped and counted, for a log must never end the process. The first line that can be written again is preceded by
 * `toNote(lines dropped since, why)`.
 */
export function createLossyDestination(fd: number, toNote: (dropped: number, why: string) => string): LossyDestination {
  let total = 0;
  let sinceNote = 0;
  let why = "";
  let isLineBroken = false;
  return {
    write(line) {
      const note = sinceNote > 0 ? toNote(sinceNote, why) : "";
      const bytes = Buffer.from(`${isLineBroken ? "\n" : ""}${note}${line}`);
      let at = 0;
      try {
        for (let retries = 0; at < bytes.length; ) {
          try {
            at += writeSync(fd, bytes, at);
          } catch (error) {
            // A reader that is slow for a moment is waited for, one that reads nothing is not.
            if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || retries++ === mostRetries) throw error;
            Atomics.wait(sleeper, 0, 0, retryPauseMs);
          }
        }
        isLineBroken = false;
        sinceNote = 0;
      } catch (error) {
        why = (error as NodeJS.ErrnoException).code ?? String(error);
        isLineBroken ||= at > 0;
        sinceNote += 1;
        total += 1;
      }
    },
    droppedLines: () => total,
  };
}

import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

/** A destination of log lines that counts the lines it could not write. */
export type BestEffortDestination = DestinationStream & { droppedLines(): number };

const retryPauseMs = 5;
const maxRetries = 20;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Creates a destination that writes each line to a file descriptor at once. It never throws: a line that cannot be written (full
 * disk, closed pipe, I/O error) is dropped and counted. Before the next line that can be written it writes
 * `toNotice(lines dropped since the last notice, error code)`.
 */
export function createBestEffortDestination(
  fd: number,
  toNotice: (dropped: number, code: string) => string,
): BestEffortDestination {
  let droppedInAll = 0;
  let droppedSinceNotice = 0;
  let lastCode = "";
  let isLineBroken = false;
  return {
    write(line) {
      const notice = droppedSinceNotice > 0 ? toNotice(droppedSinceNotice, lastCode) : "";
      const bytes = Buffer.from(`${isLineBroken ? "\n" : ""}${notice}${line}`);
      let at = 0;
      try {
        for (let retries = 0; at < bytes.length; ) {
          try {
            at += writeSync(fd, bytes, at);
          } catch (error) {
            // A slow reader gets up to 100 ms. A reader that takes nothing must not block the process.
            if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || retries++ === maxRetries) throw error;
            Atomics.wait(sleeper, 0, 0, retryPauseMs);
          }
        }
        isLineBroken = false;
        droppedSinceNotice = 0;
      } catch (error) {
        lastCode = (error as NodeJS.ErrnoException).code ?? String(error);
        isLineBroken ||= at > 0;
        droppedSinceNotice += 1;
        droppedInAll += 1;
      }
    },
    droppedLines: () => droppedInAll,
  };
}

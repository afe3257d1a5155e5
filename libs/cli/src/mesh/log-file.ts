import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** The output of a process on disk: at most `maxBytes` in the file and as many in the one before it (`.1`). */
export type LogFile = {
  readonly path: string;
  write(chunk: Uint8Array): void;
  /** The last lines that were written, at most 4 KiB. */
  tail(): string;
  close(): void;
};

const tailBytes = 4_096;

/** Opens a log for appending; its folder is made. */
export function openLogFile(path: string, maxBytes = 8 * 1024 * 1024): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, "a");
  let sizeBytes = fstatSync(file).size;
  let last = Buffer.alloc(0);
  let isOpen = true;
  return {
    path,
    write(chunk) {
      // A process that was left behind may still have something to say.
      if (!isOpen) return;
      last = Buffer.concat([last, chunk]).subarray(-tailBytes);
      if (sizeBytes > 0 && sizeBytes + chunk.length > maxBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, "a");
        sizeBytes = 0;
      }
      writeSync(file, chunk);
      sizeBytes += chunk.length;
    },
    tail: () => last.toString("utf8"),
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

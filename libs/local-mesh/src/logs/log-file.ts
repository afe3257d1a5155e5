import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** The output of a process on disk: at most `maxBytes` in the file, and as many in the previous file (`.1`). */
export type LogFile = {
  readonly path: string;
  /** Never throws. Output that cannot be written is dropped and counted. */
  write(chunk: Uint8Array): void;
  /** Returns the last lines that were written or dropped, at most 4 KiB. */
  tail(): string;
  close(): void;
};

/** A log cannot be written, for the reason `why`, or is written again after `droppedBytes` were dropped. */
export type LogChange =
  | { readonly kind: "failing"; readonly why: string }
  | { readonly kind: "recovered"; readonly droppedBytes: number };

/** How a log is opened. */
export type LogFileOptions = {
  /** Default 8 MiB. */
  readonly maxBytes?: number;
  readonly onChange?: (change: LogChange) => void;
  /** Pause before the first retry; it doubles up to 30 s. Default 1 s. */
  readonly retryMs?: number;
};

const tailBytes = 4_096;
const longestRetryMs = 30_000;
const stableMs = 60_000;

/** Opens a log for appending and creates its folder. A log that cannot be opened or written is retried. */
export function openLogFile(path: string, options: LogFileOptions = {}): LogFile {
  const { maxBytes = 8 * 1024 * 1024, onChange = () => {}, retryMs = 1_000 } = options;
  let file: number | undefined;
  let sizeBytes = 0;
  let last = Buffer.alloc(0);
  let isOpen = true;
  let failing: { droppedBytes: number; why: string } | undefined;
  let retrying: NodeJS.Timeout | undefined;
  let pauseMs = retryMs;
  let recoveredMs = Number.NEGATIVE_INFINITY;

  function open(): number {
    if (file !== undefined) return file;
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, "a");
    sizeBytes = fstatSync(file).size;
    return file;
  }

  function closeFile(): void {
    const open = file;
    file = undefined;
    try {
      if (open !== undefined) closeSync(open);
    } catch {
      // A full disk may refuse even this. The descriptor is closed in any case.
    }
  }

  /** Writes the chunk. On failure, returns how many of its bytes were not written, and why. */
  function put(chunk: Uint8Array): { readonly leftBytes: number; readonly why: string } | undefined {
    let at = 0;
    try {
      let to = open();
      if (sizeBytes > 0 && sizeBytes + chunk.length > maxBytes) {
        closeFile();
        renameSync(path, `${path}.1`);
        to = open();
      }
      while (at < chunk.length) {
        const count = writeSync(to, chunk, at);
        at += count;
        sizeBytes += count;
      }
      return undefined;
    } catch (error) {
      closeFile();
      return { leftBytes: chunk.length - at, why: (error as Error).message };
    }
  }

  function putOrDrop(chunk: Uint8Array): void {
    const failure = put(chunk);
    if (failure === undefined) return;
    if (performance.now() - recoveredMs > stableMs) pauseMs = retryMs;
    failing = { droppedBytes: failure.leftBytes, why: failure.why };
    onChange({ kind: "failing", why: failure.why });
    retryLater();
  }

  function retryLater(): void {
    retrying = setTimeout(retry, pauseMs);
    retrying.unref();
    pauseMs = Math.min(longestRetryMs, pauseMs * 2);
  }

  function retry(): void {
    if (!isOpen || failing === undefined) return;
    const { droppedBytes, why } = failing;
    // The newline ends a line that was written in part.
    if (put(Buffer.from(`\n[${droppedBytes} bytes could not be written: ${why}]\n`))) {
      retryLater();
      return;
    }
    failing = undefined;
    recoveredMs = performance.now();
    onChange({ kind: "recovered", droppedBytes });
  }

  putOrDrop(Buffer.alloc(0));
  return {
    path,
    write(chunk) {
      // A process may outlive its log for a moment.
      if (!isOpen) return;
      last = Buffer.concat([last, chunk]).subarray(-tailBytes);
      if (failing) failing.droppedBytes += chunk.length;
      else putOrDrop(chunk);
    },
    tail: () => last.toString("utf8"),
    close() {
      isOpen = false;
      clearTimeout(retrying);
      closeFile();
    },
  };
}

import { stat } from "node:fs/promises";

/** Interval between two checks of the files. */
const everyMs = 5_000;

/**
 * Calls `onChange` some seconds after any file has changed in modification time, size or inode; the inode covers a mounted secret whose
 * link is moved. If `onChange` throws, `onFailure` gets the error and `onChange` is called again at the next check, because another
 * of the files may not have been replaced yet. Returns a function that stops watching.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  onFailure: (error: unknown) => void,
  pauseMs = everyMs,
): () => void {
  let known: string | undefined;
  let isChecking = false;
  async function check(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    try {
      const seen = (await Promise.all(paths.map(versionOf))).join();
      if (known !== undefined && seen !== known) onChange();
      known = seen;
    } catch (error) {
      onFailure(error);
    } finally {
      isChecking = false;
    }
  }
  void check();
  const timer = setInterval(() => void check(), pauseMs).unref();
  return () => clearInterval(timer);
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs}:${size}:${ino}`;
}

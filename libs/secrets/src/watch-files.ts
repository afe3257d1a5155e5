import { stat } from "node:fs/promises";

/** Pause between two looks at files that may be replaced. */
const everyMs = 5_000;

/**
 * Calls `onChange` some seconds after any of the files became another: by time, size or identity, so that a mounted secret whose
 * link is moved counts as well. What `onChange` throws is handed to `onFailure`, and it is called again at the next look, since
 * of several files one may have come first. Answers how to end it.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  onFailure: (error: unknown) => void,
  pauseMs = everyMs,
): () => void {
  let known: string | undefined;
  let isLooking = false;
  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const seen = (await Promise.all(paths.map(markOf))).join();
      if (known !== undefined && seen !== known) onChange();
      known = seen;
    } catch (error) {
      onFailure(error);
    } finally {
      isLooking = false;
    }
  }
  void look();
  const timer = setInterval(() => void look(), pauseMs).unref();
  return () => clearInterval(timer);
}

async function markOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs}:${size}:${ino}`;
}

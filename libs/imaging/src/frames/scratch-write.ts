import { AppError } from "@pixelmesh/errors";

const retryAfterMs = 30_000;

/** Runs a write to a file of a frame store. Without disk space it throws STORAGE_FULL, which says nothing about the picture. */
export async function scratchWrite<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new AppError("STORAGE_FULL", "No space is left for large pictures in work", { cause: error, retryAfterMs });
  }
}

/** libvips has no error code for it, only the system's text. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" || /No space left on device|Disk quota exceeded/.test(error.message);
}

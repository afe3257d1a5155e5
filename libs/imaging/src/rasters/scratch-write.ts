import { AppError } from "@pixelmesh/errors";

const retryAfterMs = 30_000;

/** Runs something that writes a room's file. Where there is no space left it fails with STORAGE_FULL: that says nothing of the picture. */
export async function scratchWrite<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new AppError("STORAGE_FULL", "No space is left for large pictures in work", { cause: error, retryAfterMs });
  }
}

/** libvips has no code for it, only the system's words. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" || /No space left on device|Disk quota exceeded/.test(error.message);
}

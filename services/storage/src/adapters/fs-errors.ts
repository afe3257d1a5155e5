import { AppError } from "@pixelmesh/errors";

const fullCodes: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT"]);

/** How long a caller that met a full store should wait: about one round of sweeps. */
const fullRetryAfterMs = 30_000;

/** Whether a file operation failed because the file is not there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
}

/** Whether a file operation failed because the file system has no room. */
export function isFull(error: unknown): boolean {
  return fullCodes.has((error as NodeJS.ErrnoException | null)?.code);
}

/** The STORAGE_FULL error, saying what is full. */
export function storageFull(what: string, cause?: unknown): AppError {
  return new AppError("STORAGE_FULL", `The store is full: ${what}`, { retryAfterMs: fullRetryAfterMs, cause });
}

/** Runs a file operation; a full file system becomes STORAGE_FULL, everything else passes as it is. */
export async function mapFull<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw isFull(error) ? storageFull("the file system has no room", error) : error;
  }
}

/** The value, or undefined where the file is not there. */
export async function orMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

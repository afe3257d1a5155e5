import { AppError } from "@pixelmesh/errors";

/** Retry delay for a full store: about the shortest time until the evictor searches again. */
const fullRetryAfterMs = 2_000;
/** Retry delay for a failing disk. */
const brokenRetryAfterMs = 5_000;
/** Retry delay for a short lack of a resource. */
const shortRetryAfterMs = 1_000;

const fullTexts: Readonly<Record<string, string>> = {
  ENOSPC: "the file system has no free space",
  EDQUOT: "the quota of the file system is used up",
};

/** Failures of disks, network file systems and mounts, with their descriptions. */
const brokenTexts: Readonly<Record<string, string>> = {
  EROFS: "it is mounted read-only",
  EIO: "it reports an input/output error",
  EACCES: "the service has no permission to use it",
  EPERM: "the service has no permission to use it",
  EFBIG: "it does not take a file of this size",
  ENOENT: "a directory of the store is missing",
  ENOTDIR: "a directory of the store is something else",
  EISDIR: "a file of the store is a directory",
  ENOTEMPTY: "a directory of the store is in use",
  EEXIST: "a file of the store is there already",
  ENAMETOOLONG: "the path of the store is too long for it",
  ELOOP: "the path of the store has a loop of links",
  EXDEV: "the directories of the store are on different file systems",
  EMLINK: "a directory of the store has too many entries",
  EUCLEAN: "its file system is damaged",
  EBADMSG: "its file system is damaged",
  ENODEV: "its device is gone",
  ENXIO: "its device is gone",
  ENOMEDIUM: "its device is gone",
  ENOTCONN: "its mount has lost its server",
  ESTALE: "its mount has lost its server",
  EHOSTDOWN: "its mount has lost its server",
  EHOSTUNREACH: "its mount has lost its server",
  EREMOTEIO: "its mount has lost its server",
  ETIMEDOUT: "it did not answer in time",
  ENOLCK: "it has no locks left",
  EOPNOTSUPP: "its file system lacks a function that the store needs",
  ENOTSUP: "its file system lacks a function that the store needs",
  ENOSYS: "its file system lacks a function that the store needs",
  EINVAL: "its file system lacks a function that the store needs",
};

const shortTexts: Readonly<Record<string, string>> = {
  EMFILE: "the service has too many files open",
  ENFILE: "the machine has too many files open",
  ENOMEM: "the machine has no memory left for it",
  EAGAIN: "it is busy",
  EBUSY: "it is busy",
  EINTR: "it is busy",
  ETXTBSY: "it is busy",
};

const codeOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === "string" ? code : "";
};

/** Returns whether a file operation failed because the file does not exist. */
function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** Returns STORAGE_FULL with the reason in its message. */
export function storageFull(what: string, cause?: unknown): AppError {
  return new AppError("STORAGE_FULL", `The store is full: ${what}`, { retryAfterMs: fullRetryAfterMs, cause });
}

/**
 * Converts a file system error to STORAGE_FULL or STORAGE_UNAVAILABLE, with a retry delay. The path stays in the cause, for the log only.
 * Returns other errors unchanged.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const full = fullTexts[code];
  if (full !== undefined) return storageFull(full, error);
  const what = brokenTexts[code] ?? shortTexts[code];
  if (what === undefined) return error;
  const retryAfterMs = code in shortTexts ? shortRetryAfterMs : brokenRetryAfterMs;
  const message = `The store's disk cannot be used: ${what} (${code})`;
  return new AppError("STORAGE_UNAVAILABLE", message, { retryAfterMs, metadata: { code }, cause: error });
}

/** Resolves to the value, or to undefined if the file does not exist. */
export async function orMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

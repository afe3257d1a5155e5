import { AppError } from "@pixelmesh/errors";

/** How long a caller that met a full store should wait: about as long as a full store is not searched again. */
const fullRetryAfterMs = 2_000;
/** How long a caller that met a disk that cannot be used should wait. */
const brokenRetryAfterMs = 5_000;
/** How long a caller should wait where the process was short of something for a moment. */
const shortRetryAfterMs = 1_000;

const fullTexts: Readonly<Record<string, string>> = {
  ENOSPC: "the file system has no room",
  EDQUOT: "the quota of the file system is used up",
};

/** Every failure of a disk, a network file system or a mount that this service may meet, with what is wrong. */
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

/** Whether a file operation failed because the file is not there. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** The STORAGE_FULL error, saying what is full. */
export function storageFull(what: string, cause?: unknown): AppError {
  return new AppError("STORAGE_FULL", `The store is full: ${what}`, { retryAfterMs: fullRetryAfterMs, cause });
}

/**
 * A failure of a file operation as the caller is told of it: STORAGE_FULL or STORAGE_UNAVAILABLE, with when to try again. The path
 * stays in the cause, for the log. Anything that is no failure of the disk is answered as it is.
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

/** Runs file operations; what the disk does wrong is thrown as `toStoreError` says. */
export async function mapStoreErrors<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toStoreError(error);
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

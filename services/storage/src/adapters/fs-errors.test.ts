import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, isRetryable } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { toStoreError } from "./fs-errors.ts";

const errnoError = (code: string) =>
  Object.assign(new Error(`${code}: x, open '/secret/path'`), { code, syscall: "open" });

test("a full disk is STORAGE_FULL with a retry delay", () => {
  for (const code of ["ENOSPC", "EDQUOT"])
    expect(toStoreError(errnoError(code))).toMatchObject({ reason: "STORAGE_FULL", retryAfterMs: 2_000 });
});

// Every errno in Linux's manual pages of open, read, write, fsync, rename, mkdir, unlink, stat and utimensat, except those of wrong
// arguments (EBADF, EFAULT).
const codes = (
  "EACCES EAGAIN EBUSY EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM " +
  "ENOSPC ENOTDIR ENOTEMPTY ENXIO EOPNOTSUPP EPERM EROFS ESTALE ETIMEDOUT ETXTBSY EXDEV ENOTCONN ENOLCK ENOSYS EBADMSG"
).split(" ");

test.each(codes)("%s of a disk is typed and retryable, and its message contains no path", (code) => {
  expect(Object.keys(constants.errno)).toContain(code);
  const error = toStoreError(errnoError(code));
  expect(error).toBeInstanceOf(AppError);
  const { reason, message, retryAfterMs, cause } = error as AppError;
  expect(reason).toMatch(/^STORAGE_(FULL|UNAVAILABLE)$/);
  expect(isRetryable(reason)).toBe(true);
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(message).not.toContain("/secret");
  expect(cause).toMatchObject({ code });
});

test("real failures of the file system are typed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "pixelmesh-errno-"));
  try {
    await writeFile(join(directory, "file"), "");
    const acts = [
      () => readdir(join(directory, "file")),
      () => open(join(directory, "file", "below"), "r"),
      () => open(join(directory, "x".repeat(300)), "w"),
      () => open(directory, "w"),
    ];
    for (const act of acts) {
      const error = await act().then(() => undefined, toStoreError);
      expect(error).toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("other errors are returned unchanged", () => {
  const typed = new AppError("BLOB_NOT_FOUND", "x");
  const reset = errnoError("ECONNRESET");
  const plain = new TypeError("x");
  for (const error of [typed, reset, plain, undefined, "text"]) expect(toStoreError(error)).toBe(error);
});

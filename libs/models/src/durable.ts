import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "@pixelmesh/errors";

/** Gives a complete file its final name. After a crash there is the old file or the new one, never a part of it. */
export async function publishFile(temporaryPath: string, path: string): Promise<void> {
  const file = await open(temporaryPath, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporaryPath, path);
  const dir = await open(dirname(path), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** Replaces a text file atomically. */
export async function writeFileDurably(path: string, text: string): Promise<void> {
  const temporaryPath = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporaryPath, "w");
    await file.writeFile(text).finally(() => file.close());
    await publishFile(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw toStorageError(error);
  }
}

/** Converts the error of a full disk to STORAGE_FULL. Returns any other error unchanged. */
export function toStorageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new AppError("STORAGE_FULL", "The disk of the models directory is full", { cause: error });
}

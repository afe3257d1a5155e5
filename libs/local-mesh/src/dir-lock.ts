import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@pixelmesh/errors";

/** SQLITE_BUSY of sqlite3.h */
const busy = 5;

/** The file that is locked. */
export const lockPath = (dir: string): string => join(dir, "mesh.lock");

/**
 * Takes the lock of a directory for this process, or answers undefined where another one holds it. The kernel releases it when the
 * process ends, however it dies. It is SQLite's lock of an empty database file, since Node has no lock of files of its own. Throws
 * SERVICE_UNAVAILABLE where the file system allows no locks.
 */
export function lockDir(dir: string): { release(): void } | undefined {
  const path = lockPath(dir);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    if ((cause as { errcode?: number }).errcode === busy) return undefined;
    throw new AppError(
      "SERVICE_UNAVAILABLE",
      `Expected ${path} to be a file that can be locked, got: ${(cause as Error).message}. Choose another --data-dir`,
      { cause },
    );
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}

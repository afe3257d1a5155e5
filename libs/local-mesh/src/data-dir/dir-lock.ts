import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@pixelmesh/errors";

/** SQLITE_BUSY of sqlite3.h. */
const busy = 5;

/** Path of the lock file of a data directory. */
export const lockPath = (dir: string): string => join(dir, "mesh.lock");

/**
 * Takes the lock of a directory for this process. Returns undefined where another process holds it. The kernel releases the lock when the
 * process ends, even by SIGKILL. It is SQLite's lock of an empty database file, because Node has no file locks. Throws
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

import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Returns the paths of all files below a folder. */
export function listFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Returns the total size of all files below a folder, in bytes. */
export function sizeBytes(dir: string): number {
  return listFiles(dir).reduce((sum, path) => sum + lstatSync(path).size, 0);
}

import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/** Data directories of the meshes of one test file. */
type Tracked = { readonly dirs: Set<string>; readonly ended: Set<string>; isKept: boolean; isDeferred: boolean };

/** One object for a process, although test files and their set-up may load this module by different names. */
const key = Symbol.for("pixelmesh.kept-logs");

function tracked(): Tracked {
  const shared = globalThis as { [key]?: Tracked };
  shared[key] ??= { dirs: new Set(), ended: new Set(), isKept: false, isDeferred: false };
  return shared[key];
}

/**
 * Registers the data directory of a mesh. The returned function removes it when the mesh has ended. With `deferRemoval`, that waits until all
 * tests of the file are done, because one may still fail.
 */
export function trackDataDir(dataDir: string): () => Promise<void> {
  tracked().dirs.add(dataDir);
  return async () => {
    tracked().ended.add(dataDir);
    if (!tracked().isDeferred) await removeEnded();
  };
}

/** Defers removal: this process reports failed tests and calls `removeEnded` at the end. */
export function deferRemoval(): void {
  tracked().isDeferred = true;
}

/** Keeps the logs of every mesh of this file so far. Returns their directories. */
export function keepLogs(): string[] {
  tracked().isKept = true;
  return [...tracked().dirs].map((dir) => join(dir, "logs"));
}

/** Removes the directories of meshes that have ended: all of them, or, where a test failed, all but their logs. */
export async function removeEnded(): Promise<void> {
  const { dirs, ended, isKept } = tracked();
  for (const dir of ended) {
    const names = isKept ? readdirSync(dir).filter((name) => name !== "logs") : [""];
    for (const name of names) await rm(join(dir, name), { recursive: true, force: true, maxRetries: 5 });
    if (!isKept) dirs.delete(dir);
    ended.delete(dir);
  }
}

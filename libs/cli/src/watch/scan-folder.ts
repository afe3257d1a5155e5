import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sight } from "./file-tracker.ts";
import { isWatchedFolder, isWatchedName } from "./picture-names.ts";

/** The folder that is watched, and what in it counts. */
export type WatchedFolder = {
  readonly root: string;
  readonly isRecursive: boolean;
  /** The folder of the outputs, which is not searched where it lies in the watched one. */
  readonly outDir: string;
  /** Names of outputs, whose files are results of an earlier command. */
  readonly outputNames: readonly string[];
};

/** What a scan finds. Paths are within the watched folder. */
export type ScanEvents = {
  /** A folder that is searched; "" is the watched one. */
  readonly onFolder: (path: string) => void;
  readonly onPicture: (path: string, sight: Sight) => void;
};

/** Files whose status is read at once: enough to be quick on a network, few enough to leave threads of Node's pool to uploads. */
const statsAtOnce = 8;

/**
 * Finds all pictures of a watched folder, in order of their names within each folder. Throws errors of the file system about the folder itself; a
 * subfolder or file that vanishes meanwhile is left out.
 */
export async function scanFolder(folder: WatchedFolder, events: ScanEvents): Promise<void> {
  const outDir = await statOf(folder.outDir);
  await scan(folder, "", outDir, events);
}

async function scan(folder: WatchedFolder, path: string, outDir: Stats | undefined, events: ScanEvents): Promise<void> {
  const entries = await readSorted(join(folder.root, path), path === "");
  if (entries === undefined) return;
  events.onFolder(path);
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  await seeAll(folder, path, names, events);
  if (!folder.isRecursive) return;
  for (const entry of entries) {
    if (!entry.isDirectory() || !isWatchedFolder(entry.name)) continue;
    const inside = join(path, entry.name);
    const stats = await statOf(join(folder.root, inside));
    const isOutDir = outDir !== undefined && stats?.ino === outDir.ino && stats.dev === outDir.dev;
    if (!isOutDir) await scan(folder, inside, outDir, events);
  }
}

async function seeAll(folder: WatchedFolder, path: string, names: readonly string[], { onPicture }: ScanEvents) {
  const pictures = names.filter((name) => isWatchedName(name, folder.outputNames));
  for (let at = 0; at < pictures.length; at += statsAtOnce) {
    const some = pictures.slice(at, at + statsAtOnce).map((name) => join(path, name));
    const sights = await Promise.all(some.map((inside) => sightOf(join(folder.root, inside))));
    for (const [index, sight] of sights.entries()) if (sight) onPicture(some[index] as string, sight);
  }
}

/** Returns what is seen of a file now; undefined where there is none. */
export async function sightOf(path: string): Promise<Sight | undefined> {
  const stats = await statOf(path);
  if (!stats?.isFile()) return undefined;
  return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, changedMs: stats.ctimeMs };
}

async function readSorted(path: string, isRoot: boolean): Promise<Dirent[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isRoot) throw error;
    return undefined;
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}

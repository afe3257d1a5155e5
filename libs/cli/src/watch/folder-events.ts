import { type FSWatcher, watch } from "node:fs";
import { basename, join } from "node:path";

/** Hints of the operating system that something in a folder has changed. They may be missing or wrong: a scan finds what they do not tell. */
export type FolderEvents = {
  /** Begins to listen to these folders, paths within the root, and ends listening to all others. */
  listenTo(folders: ReadonlySet<string>): void;
  /** Returns the paths that may have changed since the last call; undefined where there were too many to remember. */
  take(): ReadonlySet<string> | undefined;
  /** Whether there are hints to take. */
  isPending(): boolean;
  close(): void;
};

/** Folders that are listened to. Each takes a watch of the kernel; further ones are only scanned. */
const maxFolders = 1_000;
const maxHints = 10_000;

/**
 * Creates the hints of a folder. `onHint` is called when there are some, `onTrouble` with the text of the error where a folder cannot be listened to.
 */
export function createFolderEvents(
  root: string,
  { onHint, onTrouble }: { readonly onHint: () => void; readonly onTrouble: (text: string) => void },
): FolderEvents {
  const watchers = new Map<string, FSWatcher>();
  let hints = new Set<string>();
  let isOverflown = false;

  function note(path: string): void {
    if (hints.size < maxHints) hints.add(path);
    else isOverflown = true;
    onHint();
  }
  function drop(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }
  function listen(folder: string): void {
    try {
      const watcher = watch(join(root, folder), { persistent: false });
      watchers.set(folder, watcher);
      watcher.on("change", (_, name) => {
        if (typeof name !== "string") {
          isOverflown = true;
          return;
        }
        note(join(folder, name));
        // So the removal of the folder itself is reported. The next scan listens to the folder that has taken its place.
        if (name === basename(join(root, folder))) drop(folder);
      });
      watcher.on("error", () => drop(folder));
    } catch (error) {
      onTrouble((error as Error).message);
    }
  }
  return {
    listenTo(folders) {
      for (const folder of watchers.keys()) if (!folders.has(folder)) drop(folder);
      for (const folder of folders) {
        if (watchers.size >= maxFolders) break;
        if (!watchers.has(folder)) listen(folder);
      }
    },
    take() {
      const taken = isOverflown ? undefined : hints;
      hints = new Set();
      isOverflown = false;
      return taken;
    },
    isPending: () => isOverflown || hints.size > 0,
    close() {
      for (const folder of [...watchers.keys()]) drop(folder);
    },
  };
}

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createBell } from "./bell.ts";
import type { FileTracker } from "./file-tracker.ts";
import { createFolderEvents } from "./folder-events.ts";
import { isWatchedName } from "./picture-names.ts";
import { scanFolder, sightOf, type WatchedFolder } from "./scan-folder.ts";
import type { Troubles } from "./troubles.ts";

/** Time between two scans. File systems without hints, such as those of a network, need no more than this and the time to settle. */
const scanEveryMs = 2_000;
/** Scans take at most this share of the time. A scan of 10,000 files on a local disk takes 0.2 s, so the next one begins 5 s later. */
const scanShare = 25;
const leastWaitMs = 50;
const looksAtOnce = 256;

/** What the look-around tells. */
export type LookEvents = {
  /** Called after each look. */
  readonly onLook: () => void;
  /** Prints a line. */
  readonly note: (text: string) => void;
  readonly troubles: Troubles;
};

/**
 * Keeps a tracker true to its folder until the signal is aborted: by hints of the operating system, and by a scan of all files every 2 s, because hints are missing on
 * network file systems and get lost. Says once when the folder cannot be read, and goes on when it can.
 */
export async function lookAround(
  folder: WatchedFolder,
  tracker: FileTracker,
  { onLook, note, troubles }: LookEvents,
  signal: AbortSignal,
): Promise<void> {
  const bell = createBell();
  const once = createOnce(note);
  const events = createFolderEvents(folder.root, {
    onHint: bell.ring,
    onTrouble: (text) => once("events", `changes are found by a scan every few seconds only: ${text}`),
  });
  const see = (path: string, sight: Parameters<FileTracker["see"]>[1]) => {
    if (!tracker.see(path, sight, performance.now()))
      once("full", "the folder has too many pictures; further ones wait until others are gone");
  };

  async function scan(): Promise<void> {
    const folders = new Set<string>();
    tracker.beginScan();
    try {
      await scanFolder(folder, { onFolder: (path) => folders.add(path), onPicture: see });
      tracker.endScan();
      troubles.clear("folder");
    } catch (error) {
      // The files stay known, because a network file system comes back with the same ones.
      troubles.note("folder", (error as Error).message);
    }
    events.listenTo(folders);
  }
  async function look(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      const sight = await sightOf(join(folder.root, path));
      if (sight) see(path, sight);
      else tracker.miss(path);
    }
  }

  try {
    let nextScanMs = 0;
    while (!signal.aborted) {
      const hints = events.take();
      const startMs = performance.now();
      if (startMs >= nextScanMs || hints === undefined) {
        await scan();
        const endMs = performance.now();
        nextScanMs = endMs + Math.max(scanEveryMs, scanShare * (endMs - startMs));
      }
      await look([...(hints ?? [])].filter((path) => isCandidate(path, folder)));
      await look(tracker.due(performance.now(), looksAtOnce));
      onLook();
      const nextMs = Math.min(nextScanMs, tracker.nextDueMs() ?? Number.POSITIVE_INFINITY);
      // Hints that come in quick succession, as of a file that is being written, are looked at together.
      await sleep(leastWaitMs, undefined, { signal }).catch(() => {});
      if (!events.isPending()) await bell.wait(Math.max(0, nextMs - performance.now()), signal);
    }
  } finally {
    events.close();
  }
}

function isCandidate(path: string, { outputNames }: WatchedFolder): boolean {
  return isWatchedName(path.slice(path.lastIndexOf("/") + 1), outputNames);
}

function createOnce(print: (text: string) => void): (key: string, text: string) => void {
  const printed = new Set<string>();
  return (key, text) => {
    if (printed.has(key)) return;
    printed.add(key);
    print(text);
  };
}

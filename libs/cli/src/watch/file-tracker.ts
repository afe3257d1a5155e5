/** What is seen of a file. Times in milliseconds since 1970, with fractions. */
export type Sight = { readonly sizeBytes: number; readonly modifiedMs: number; readonly changedMs: number };

/** A file that is ready, as it was seen last. */
export type ReadyFile = { readonly path: string; readonly sight: Sight };

/** Knows the files of a watched folder, and which of them are to be processed. Holds one small record for each file. */
export type FileTracker = {
  /** Begins a look at all files. */
  beginScan(): void;
  /** Notes a file as it is now. Returns false for a new file beyond the most that are known at once, which is left out. */
  see(path: string, sight: Sight, nowMs: number): boolean;
  /** Notes that a file is gone. */
  miss(path: string): void;
  /** Ends a look at all files. Files that were not seen since it began are gone. */
  endScan(): void;
  /** Returns the files that may be settled by now and must be looked at, longest unchanged first. */
  due(nowMs: number, most: number): readonly string[];
  /** Returns when the next file may be settled; undefined without one. */
  nextDueMs(): number | undefined;
  /** Takes the next file to process. */
  take(): ReadyFile | undefined;
  /** Ends the processing of a file: it rests until it changes. A file that has changed meanwhile settles anew. */
  end(path: string): void;
  /** Ends the processing of a file that must be processed again. It is ready, unless it has changed meanwhile. */
  putBack(path: string): void;
  /** Returns how many files are known, settle, are ready, and are processed. */
  counts(): { readonly known: number; readonly settling: number; readonly ready: number; readonly taken: number };
  /** Whether all files have been looked at, and none settles, is ready or is processed. */
  isIdle(): boolean;
};

type Entry = {
  sight: Sight;
  state: "settling" | "ready" | "taken" | "resting";
  /** When the sight was first seen. */
  sinceMs: number;
  /** The number of the scan that saw it last. */
  scan: number;
  /** The sight at which the file was taken. */
  takenAt?: Sight;
  isGone?: boolean;
};

/**
 * Creates a tracker. A file is ready when size and times have not changed for `settleMs`, by the caller's clock. A file that appears, or is replaced, after the
 * first scan and whose status has changed later than its content is ready at once: it was renamed into its place, or its writer has set its times at the end. At
 * most `maxFiles` files are known at once.
 */
export function createFileTracker(settleMs: number, maxFiles = 100_000): FileTracker {
  const entries = new Map<string, Entry>();
  /** Paths in the order in which they began to settle, and in which they became ready. */
  const settling = new Set<string>();
  const ready = new Set<string>();
  let taken = 0;
  let scan = 0;
  let isFirstScan = true;

  function settle(path: string, entry: Entry, nowMs: number, isWhole: boolean): void {
    entry.sinceMs = nowMs;
    entry.state = isWhole ? "ready" : "settling";
    settling.delete(path);
    ready.delete(path);
    (isWhole ? ready : settling).add(path);
  }

  function miss(path: string): void {
    const entry = entries.get(path);
    if (entry === undefined) return;
    settling.delete(path);
    ready.delete(path);
    if (entry.state === "taken") entry.isGone = true;
    else entries.delete(path);
  }

  function release(path: string, next: "resting" | "ready"): void {
    const entry = entries.get(path);
    if (entry?.state !== "taken") return;
    taken -= 1;
    if (entry.isGone) {
      entries.delete(path);
      return;
    }
    const isUnchanged = entry.takenAt !== undefined && isSameSight(entry.sight, entry.takenAt);
    entry.state = isUnchanged ? next : "settling";
    if (entry.state === "settling") settling.add(path);
    if (entry.state === "ready") ready.add(path);
  }

  return {
    beginScan() {
      scan += 1;
    },
    see(path, sight, nowMs) {
      const entry = entries.get(path);
      const isArrival = !isFirstScan && sight.changedMs > sight.modifiedMs && sight.sizeBytes > 0;
      if (entry === undefined) {
        if (entries.size >= maxFiles) return false;
        const added: Entry = { sight, state: "settling", sinceMs: nowMs, scan };
        entries.set(path, added);
        settle(path, added, nowMs, isArrival || settleMs === 0);
        return true;
      }
      entry.scan = scan;
      entry.isGone = false;
      const isSame = isSameSight(sight, entry.sight);
      entry.sight = sight;
      if (entry.state === "taken") {
        if (!isSame) entry.sinceMs = nowMs;
      } else if (!isSame) settle(path, entry, nowMs, settleMs === 0 || (isArrival && entry.state === "resting"));
      else if (entry.state === "settling" && nowMs - entry.sinceMs >= settleMs) settle(path, entry, nowMs, true);
      return true;
    },
    miss,
    endScan() {
      for (const [path, entry] of entries) if (entry.scan !== scan) miss(path);
      isFirstScan = false;
    },
    due(nowMs, most) {
      const found: string[] = [];
      for (const path of settling) {
        const entry = entries.get(path);
        if (found.length >= most || entry === undefined || nowMs - entry.sinceMs < settleMs) break;
        found.push(path);
      }
      return found;
    },
    nextDueMs() {
      const [first] = settling;
      const entry = first === undefined ? undefined : entries.get(first);
      return entry && entry.sinceMs + settleMs;
    },
    take() {
      const [path] = ready;
      const entry = path === undefined ? undefined : entries.get(path);
      if (path === undefined || entry === undefined) return undefined;
      ready.delete(path);
      entry.state = "taken";
      entry.takenAt = entry.sight;
      taken += 1;
      return { path, sight: entry.sight };
    },
    end: (path) => release(path, "resting"),
    putBack: (path) => release(path, "ready"),
    counts: () => ({ known: entries.size, settling: settling.size, ready: ready.size, taken }),
    isIdle: () => !isFirstScan && settling.size + ready.size + taken === 0,
  };
}

/** Whether a file is unchanged as far as its status tells. */
export function isSameSight(a: Sight, b: Sight): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs && a.changedMs === b.changedMs;
}

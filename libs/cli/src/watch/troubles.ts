import { createBell } from "./bell.ts";

/** What can be missing for a while. */
export type TroubleKind = "mesh" | "outputs" | "folder" | "report";

/** Says once what is missing, and waits. */
export type Troubles = {
  /** Notes that something is missing, for this reason. Prints it unless it has been missing since the last `clear`. */
  note(kind: TroubleKind, text: string): void;
  /** Notes that it is there. Prints that if it was missing. */
  clear(kind: TroubleKind): void;
  /** Waits before the next try: 1 s after the first failure, then twice as long each time, up to 15 s. Ends when the signal is aborted. */
  pause(signal: AbortSignal): Promise<void>;
};

const subjects: Readonly<Record<TroubleKind, readonly [missing: string, back: string]>> = {
  mesh: ["the mesh does not take work now", "the mesh takes work again"],
  outputs: ["results cannot be written now", "results are written again"],
  report: ["the report cannot be written now", "the report is written again"],
  folder: ["the folder cannot be searched now", "the folder is searched again"],
};
const firstPauseMs = 1_000;
const maxPauseMs = 15_000;

/** Creates the record of what is missing. `print` shows a line. All pauses end when something is back. */
export function createTroubles(print: (text: string) => void): Troubles {
  const recovery = createBell();
  const missing = new Set<TroubleKind>();
  let pauseMs = firstPauseMs;
  let waiting = 0;
  return {
    note(kind, text) {
      if (missing.has(kind)) return;
      missing.add(kind);
      print(`${subjects[kind][0]}; waiting (${text})`);
    },
    clear(kind) {
      if (!missing.delete(kind)) return;
      pauseMs = firstPauseMs;
      print(subjects[kind][1]);
      recovery.ring();
    },
    async pause(signal) {
      waiting += 1;
      await recovery.wait(pauseMs, signal);
      waiting -= 1;
      if (waiting === 0 && missing.size > 0) pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    },
  };
}

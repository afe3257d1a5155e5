import type { WorkItem } from "@pixelmesh/proto";

/** Counts the steps in hand by lane. */
export type Lanes = {
  /** Returns what to call when the step has ended; undefined: its lane is full. */
  enter(item: WorkItem): (() => void) | undefined;
};

/** Creates lanes of at most `perLane` steps each; without settings, one without a bound. */
export function createLanes(settings?: { readonly perLane: number; laneOf(item: WorkItem): string }): Lanes {
  const counts = new Map<string, number>();
  return {
    enter(item) {
      if (settings === undefined) return () => {};
      const lane = settings.laneOf(item);
      const count = counts.get(lane) ?? 0;
      if (count >= settings.perLane) return undefined;
      counts.set(lane, count + 1);
      return () => {
        const left = (counts.get(lane) ?? 1) - 1;
        if (left === 0) counts.delete(lane);
        else counts.set(lane, left);
      };
    },
  };
}

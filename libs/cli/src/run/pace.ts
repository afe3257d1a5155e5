/** How fast pictures of a command end. */
export type Pace = {
  /** Notes that the work on pictures begins, at the start or after a time without any. */
  begin(nowMs: number): void;
  /** Notes the end of a picture that was worked on. Skipped pictures say nothing about the pace. */
  end(nowMs: number): void;
  /** Returns pictures in a second over the recent ends; undefined before enough pictures have ended. */
  perSecond(nowMs: number): number | undefined;
  /** Returns the estimated time for this many further pictures, in milliseconds; undefined before enough pictures have ended. */
  leftMs(pictures: number, nowMs: number): number | undefined;
};

/** Ends that count for each picture in work at once: enough to even out pictures of different sizes, few enough to follow a change. */
const roundsCounted = 12;
const leastCounted = 24;
/** The first ends, whose time holds the loading of models, would make a wrong pace alone. */
const leastEnds = 3;

/**
 * Measures the pace as ends over time, from the oldest end that counts until now. So the estimate rises steadily while nothing ends, and never
 * becomes infinite. `atOnce` pictures are in work side by side.
 */
export function createPace(atOnce: number): Pace {
  const most = Math.max(leastCounted, roundsCounted * atOnce);
  const needed = Math.max(leastEnds, atOnce);
  let sinceMs = 0;
  /** Ends after `sinceMs`, oldest first. */
  let ends: number[] = [];
  const perSecond = (nowMs: number) =>
    ends.length < needed || nowMs <= sinceMs ? undefined : (ends.length * 1_000) / (nowMs - sinceMs);
  return {
    begin(nowMs) {
      sinceMs = nowMs;
      ends = [];
    },
    end(nowMs) {
      ends.push(nowMs);
      if (ends.length > most) sinceMs = ends.shift() as number;
    },
    perSecond,
    leftMs(pictures, nowMs) {
      const rate = perSecond(nowMs);
      return rate === undefined ? undefined : (pictures * 1_000) / rate;
    },
  };
}

import { type BatchEnd, JobState } from "@pixelmesh/proto";

/** How fast the jobs of a batch end. */
export type BatchPace = {
  /** 0 if none has ended. */
  readonly jobsPerSecond: number;
  /** Until all have ended; 0 if they have, -1 if unknown. */
  readonly etaMs: number;
};

/** Facts that a pace follows from. Times are tenths of a second since the creation of the batch. */
export type PaceFacts = {
  /** In the order of their ends. */
  readonly ended: readonly Pick<BatchEnd, "state" | "afterS10">[];
  /** The place in `ended` from which on the ends count: those before a retry do not. */
  readonly from: number;
  readonly nowS10: number;
  /** Jobs that have not ended. */
  readonly left: number;
};

/** Ends that count, the latest ones: the pace of the beginning says little about the end. */
const maxEnds = 200;
/** Fewer ends do not tell a pace, unless no more jobs than that are left. */
const leastEnds = 3;

/**
 * Returns the pace of the latest 200 ends: their number through the time from the end before them until now. So it falls while no job ends. The
 * time of the first attempts begins with the batch; that of a retry is not stored, so it begins with the first end. Cancelled jobs do not count.
 */
export function toBatchPace({ ended, from, nowS10, left }: PaceFacts): BatchPace {
  const counted = ended.slice(from).filter(({ state }) => state !== JobState.CANCELLED);
  const latest = counted.slice(-maxEnds);
  const before = counted[counted.length - latest.length - 1];
  const isRetry = from > 0;
  const startS10 = before?.afterS10 ?? (isRetry ? (latest[0]?.afterS10 ?? 0) : 0);
  const ends = before === undefined && isRetry ? latest.length - 1 : latest.length;
  const passedS10 = Math.max(1, nowS10 - startS10, (latest.at(-1)?.afterS10 ?? 0) - startS10);
  const jobsPerSecond = ends > 0 ? (ends * 10) / passedS10 : 0;
  if (left === 0) return { jobsPerSecond, etaMs: 0 };
  if (ends === 0 || (ends < leastEnds && ends < left)) return { jobsPerSecond, etaMs: -1 };
  return { jobsPerSecond, etaMs: Math.round((left / jobsPerSecond) * 1000) };
}

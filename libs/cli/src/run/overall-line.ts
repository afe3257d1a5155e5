import { displayWidth, fitStart } from "../format/display-width.ts";
import { toRate, toRoughTime } from "../format/text.ts";
import type { Counts } from "./summary.ts";

/** The state of a whole command. */
export type Overall = Counts & {
  /** Pictures that are known, ended ones included. */
  readonly total: number;
  /** Pictures in work now. */
  readonly running: number;
  /** Pictures in a second; undefined while unknown. */
  readonly perSecond: number | undefined;
  /** Estimated time for the rest; undefined while unknown. */
  readonly leftMs: number | undefined;
};

const mostBarCells = 24;
const leastBarCells = 4;
/** Two brackets and two spaces. */
const barGapCells = 4;

/**
 * Formats the state of a command as one line of at most this many cells: a bar, pictures ended of those known, failures, time left, rate, pictures in
 * work, skipped ones. A narrow line leaves out the last of these first, and the bar before them.
 */
export function toOverallLine(overall: Overall, cells = 79): string {
  const { total, running, perSecond, leftMs, done, skipped, failed } = overall;
  const ended = done + skipped + failed;
  const facts = [
    `${ended}/${total}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(leftMs === undefined ? [] : [`${toRoughTime(leftMs)} left`]),
    ...(perSecond === undefined ? [] : [toRate(perSecond)]),
    `${running} running`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  while (facts.length > 1 && displayWidth(facts.join("  ")) > cells) facts.pop();
  const text = fitStart(facts.join("  "), cells);
  const bar = Math.min(mostBarCells, cells - displayWidth(text) - barGapCells);
  if (bar < leastBarCells) return text;
  const full = total === 0 ? 0 : Math.floor((ended / total) * bar);
  return `[${"#".repeat(full)}${"-".repeat(bar - full)}]  ${text}`;
}

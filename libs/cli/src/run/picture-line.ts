import { type Job, StepState } from "@pixelmesh/proto";
import { displayWidth, fitEnd, fitStart, padCells } from "../format/display-width.ts";
import { toShortTime } from "../format/text.ts";

/** Formats the progress of a running job: share done, running steps, time left. */
export function toProgressText(job: Job): string {
  const percent = `${Math.floor(job.progress * 100)} %`;
  const steps = job.steps.filter(({ state }) => state === StepState.RUNNING).map(({ id }) => id);
  const left = job.etaMs > 0 ? `${toShortTime(job.etaMs)} left` : "";
  return [percent, steps.join(", ") || "waiting", left].filter((part) => part !== "").join("  ");
}

const barCells = 24;
const labelCells = 24;
const leastBarCells = 4;
const leastLabelCells = 6;
/** Two spaces, two brackets, two spaces. */
const gapCells = 6;

/** Formats one line of at most this many cells: the end of the label, a bar, and the progress. A narrow line has no bar. */
export function toBar(label: string, job: Job, cells = 79): string {
  const facts = fitStart(toProgressText(job), cells);
  const leftCells = cells - displayWidth(facts);
  const bar = Math.min(barCells, leftCells - labelCells - gapCells);
  const short = (width: number) => padCells(fitEnd(label, width), width);
  if (bar < leastBarCells)
    return leftCells < leastLabelCells ? facts : `${short(Math.min(labelCells, leftCells - 2))}  ${facts}`;
  const full = Math.round(job.progress * bar);
  return `${short(labelCells)}  [${"#".repeat(full)}${"-".repeat(bar - full)}]  ${facts}`;
}

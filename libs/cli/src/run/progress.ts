import { type Job, JobState, StepState } from "@pixelmesh/proto";
import { displayWidth, fitEnd, fitStart, padCells } from "../format/display-width.ts";
import { escapeText } from "../format/safe-text.ts";
import { toShortTime } from "../format/text.ts";
import { drawOn, type Terminal } from "../io.ts";

/** Shows the progress of pictures. */
export type Progress = {
  update(label: string, job: Job): void;
  /** Ends the progress of a picture; `text` stays on the screen. */
  finish(label: string, text: string, hasFailed: boolean): void;
  /** Prints a line between the others. */
  note(text: string): void;
  close(): void;
};

/** How progress is shown. */
export type ProgressOptions = {
  /** Lines instead of bars: there is no terminal, or it cannot redraw. */
  readonly isPlain: boolean;
  /** Failures only. */
  readonly isQuiet?: boolean;
};

/** Draws bars on a terminal and prints plain lines elsewhere. Both go to standard error. */
export function createProgress(stderr: Terminal, { isPlain, isQuiet = false }: ProgressOptions): Progress {
  if (isQuiet) return createQuiet(stderr);
  return isPlain ? createLines(stderr) : createBars(stderr);
}

function createQuiet(stderr: Terminal): Progress {
  return {
    update() {},
    finish: (label, text, hasFailed) => void (hasFailed && stderr.write(`${label}: ${text}\n`)),
    note() {},
    close() {},
  };
}

/** Formats the progress of a running job: share done, running steps, time left. */
export function toProgressText(job: Job): string {
  const percent = `${Math.floor(job.progress * 100)} %`;
  const steps = job.steps.filter(({ state }) => state === StepState.RUNNING).map(({ id }) => id);
  const left = job.etaMs > 0 ? `${toShortTime(job.etaMs)} left` : "";
  return [percent, steps.join(", ") || "waiting", left].filter((part) => part !== "").join("  ");
}

const linePercent = 10;
const lineMs = 5_000;

function createLines(stderr: Terminal): Progress {
  const printed = new Map<string, { progress: number; atMs: number }>();
  return {
    update(label, job) {
      if (job.state !== JobState.RUNNING) return;
      const last = printed.get(label);
      const nowMs = performance.now();
      const isNews = last === undefined || job.progress >= last.progress + linePercent / 100;
      if (!isNews && nowMs < last.atMs + lineMs) return;
      printed.set(label, { progress: job.progress, atMs: nowMs });
      stderr.write(`${label}: ${toProgressText(job)}\n`);
    },
    finish(label, text) {
      printed.delete(label);
      stderr.write(`${label}: ${text}\n`);
    },
    note: (text) => stderr.write(`${text}\n`),
    close() {},
  };
}

const redrawMs = 100;
const barCells = 24;
const labelCells = 24;
const leastBarCells = 4;
const leastLabelCells = 6;
/** Two spaces, two brackets, two spaces. */
const gapCells = 6;

function createBars(stderr: Terminal): Progress {
  const jobs = new Map<string, Job>();
  let drawn = 0;
  const columns = () => stderr.columns || 80;

  function clear(): string {
    return drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
  }
  function draw(above = ""): void {
    // More lines than the terminal has could not be cleared again.
    const shown = [...jobs].slice(0, Math.max(1, (stderr.rows || 24) - 1));
    const lines = shown.map(([label, job]) => `${escapeText(toBar(label, job, columns() - 1))}\n`);
    drawOn(stderr, `${clear()}${escapeText(above)}${lines.join("")}`);
    drawn = lines.length;
  }
  const timer = setInterval(() => jobs.size > 0 && draw(), redrawMs);
  timer.unref();
  return {
    update: (label, job) => void jobs.set(label, job),
    finish(label, text) {
      jobs.delete(label);
      draw(`${label}: ${text}\n`);
    },
    note: (text) => draw(`${text}\n`),
    close() {
      clearInterval(timer);
      if (drawn > 0) drawOn(stderr, clear());
      drawn = 0;
    },
  };
}

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

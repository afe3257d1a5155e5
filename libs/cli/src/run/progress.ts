import { type Job, JobState } from "@pixelmesh/proto";
import { escapeText } from "../format/safe-text.ts";
import { drawOn, type Terminal } from "../io.ts";
import { type Overall, toOverallLine } from "./overall-line.ts";
import { createPace } from "./pace.ts";
import { toBar, toProgressText } from "./picture-line.ts";
import type { Outcome } from "./summary.ts";

/** Shows the progress of pictures. */
export type Progress = {
  /** Says how many pictures of the command are known, ended ones included. */
  expect(total: number): void;
  /** Says that the work on a picture begins. */
  begin(label: string): void;
  update(label: string, job: Job): void;
  /** Ends the progress of a picture; `text` stays on the screen unless it is empty. */
  finish(label: string, text: string, outcome: Outcome): void;
  /** Ends the progress of a picture that will be begun again. */
  putBack(label: string): void;
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
  /** Pictures in work at once. */
  readonly picturesAtOnce?: number;
};

/** Draws bars on a terminal and prints plain lines elsewhere. Both go to standard error. */
export function createProgress(stderr: Terminal, options: ProgressOptions): Progress {
  const { isPlain, isQuiet = false, picturesAtOnce = 1 } = options;
  if (isQuiet) return createQuiet(stderr);
  return isPlain ? createLines(stderr) : createBars(stderr, picturesAtOnce);
}

function createQuiet(stderr: Terminal): Progress {
  return {
    expect() {},
    begin() {},
    update() {},
    finish: (label, text, outcome) => void (outcome === "failed" && stderr.write(`${label}: ${text}\n`)),
    putBack() {},
    note() {},
    close() {},
  };
}

const linePercent = 10;
const lineMs = 5_000;

function createLines(stderr: Terminal): Progress {
  const printed = new Map<string, { progress: number; atMs: number }>();
  return {
    expect() {},
    begin() {},
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
      if (text !== "") stderr.write(`${label}: ${text}\n`);
    },
    putBack: (label) => void printed.delete(label),
    note: (text) => stderr.write(`${text}\n`),
    close() {},
  };
}

const redrawMs = 100;
/** Up to this many pictures, the lines of the pictures say enough. */
const fewPictures = 3;

function createBars(stderr: Terminal, picturesAtOnce: number): Progress {
  const jobs = new Map<string, Job>();
  const overall = createOverall(picturesAtOnce);
  let drawn = 0;
  const columns = () => stderr.columns || 80;

  function clear(): string {
    return drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
  }
  function draw(above = ""): void {
    const state = overall.state();
    const isWhole = state.total > fewPictures && state.done + state.skipped + state.failed < state.total;
    const whole = isWhole ? [`${toOverallLine(state, columns() - 1)}\n`] : [];
    // More lines than the terminal has could not be cleared again.
    const shown = [...jobs].slice(0, Math.max(1, (stderr.rows || 24) - 1 - whole.length));
    const lines = [...shown.map(([label, job]) => `${escapeText(toBar(label, job, columns() - 1))}\n`), ...whole];
    drawOn(stderr, `${clear()}${escapeText(above)}${lines.join("")}`);
    drawn = lines.length;
  }
  const timer = setInterval(() => (jobs.size > 0 || overall.state().running > 0) && draw(), redrawMs);
  timer.unref();
  return {
    expect: overall.expect,
    begin: overall.begin,
    update: (label, job) => void jobs.set(label, job),
    finish(label, text, outcome) {
      jobs.delete(label);
      overall.end(outcome);
      draw(text === "" ? "" : `${label}: ${text}\n`);
    },
    putBack(label) {
      jobs.delete(label);
      overall.putBack();
    },
    note: (text) => draw(`${text}\n`),
    close() {
      clearInterval(timer);
      if (drawn > 0) drawOn(stderr, clear());
      drawn = 0;
    },
  };
}

/** Counts the pictures of a command and measures their pace. */
function createOverall(picturesAtOnce: number) {
  const counts = { done: 0, skipped: 0, failed: 0 };
  const pace = createPace(picturesAtOnce);
  let total = 0;
  let running = 0;
  let isDrained = true;
  const left = () => total - counts.done - counts.skipped - counts.failed;
  return {
    expect(known: number) {
      total = known;
    },
    begin() {
      if (isDrained) pace.begin(performance.now());
      isDrained = false;
      running += 1;
    },
    end(outcome: Outcome) {
      running -= 1;
      counts[outcome] += 1;
      isDrained = left() <= 0;
      if (outcome !== "skipped") pace.end(performance.now());
    },
    putBack() {
      running -= 1;
    },
    state(): Overall {
      const nowMs = performance.now();
      return { ...counts, total, running, perSecond: pace.perSecond(nowMs), leftMs: pace.leftMs(left(), nowMs) };
    },
  };
}

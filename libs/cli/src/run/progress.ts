import { type Job, JobState, StepState } from "@pixelmesh/proto";
import type { CliIo } from "../io.ts";
import { toShortTime } from "../text.ts";

/** Tells people how far their pictures are. */
export type Progress = {
  update(label: string, job: Job): void;
  /** A picture is done with; `text` stays on the screen. */
  finish(label: string, text: string): void;
  /** A line between the others. */
  note(text: string): void;
  close(): void;
};

/** Bars that are redrawn on a terminal, plain lines elsewhere; both on standard error. */
export function createProgress(stderr: CliIo["stderr"]): Progress {
  return stderr.isTTY ? createBars(stderr, () => stderr.columns || 80) : createLines(stderr);
}

/** What is known of a running job: share done, steps at work, time left. */
export function toProgressText(job: Job): string {
  const percent = `${Math.floor(job.progress * 100)} %`;
  const steps = job.steps.filter(({ state }) => state === StepState.RUNNING).map(({ id }) => id);
  const left = job.etaMs > 0 ? `${toShortTime(job.etaMs)} left` : "";
  return [percent, steps.join(", ") || "waiting", left].filter((part) => part !== "").join("  ");
}

const linePercent = 10;
const lineMs = 5_000;

function createLines(stderr: CliIo["stderr"]): Progress {
  const said = new Map<string, { progress: number; atMs: number }>();
  return {
    update(label, job) {
      if (job.state !== JobState.RUNNING) return;
      const last = said.get(label);
      const nowMs = performance.now();
      const isNews = last === undefined || job.progress >= last.progress + linePercent / 100;
      if (!isNews && nowMs < last.atMs + lineMs) return;
      said.set(label, { progress: job.progress, atMs: nowMs });
      stderr.write(`${label}: ${toProgressText(job)}\n`);
    },
    finish(label, text) {
      said.delete(label);
      stderr.write(`${label}: ${text}\n`);
    },
    note: (text) => stderr.write(`${text}\n`),
    close() {},
  };
}

const redrawMs = 100;
const barCells = 24;
const labelCells = 24;

function createBars(stderr: CliIo["stderr"], columns: () => number): Progress {
  const jobs = new Map<string, Job>();
  let drawn = 0;

  function clear(): string {
    return drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
  }
  function draw(above = ""): void {
    const lines = [...jobs].map(([label, job]) => toBar(label, job).slice(0, Math.max(1, columns() - 1)));
    stderr.write(`${clear()}${above}${lines.map((line) => `${line}\n`).join("")}`);
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
      stderr.write(clear());
      drawn = 0;
    },
  };
}

/** One line: the end of the label, a bar of fixed width, and what is known. */
export function toBar(label: string, job: Job): string {
  const full = Math.round(job.progress * barCells);
  const short = label.length > labelCells ? `…${label.slice(1 - labelCells)}` : label.padEnd(labelCells);
  return `${short}  [${"#".repeat(full)}${"-".repeat(barCells - full)}]  ${toProgressText(job)}`;
}

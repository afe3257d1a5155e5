import type { Env } from "@pixelmesh/config";
import type { Progress } from "@pixelmesh/models";
import { fitStart } from "../../format/display-width.ts";
import { escapeLine } from "../../format/safe-text.ts";
import { toShortSize, toShortTime } from "../../format/text.ts";
import { drawOn, isPlain, type Terminal } from "../../io.ts";

/** Shows the progress of a download. */
export type PullProgress = {
  readonly update: (progress: Progress) => void;
  /** Prints a line that stays. */
  readonly note: (text: string) => void;
  readonly close: () => void;
};

const redrawMs = 100;
const lineMs = 5_000;
const linePercent = 10;
const barCells = 24;

/** Draws a bar on a terminal; elsewhere prints a line per tenth or every 5 s. Both go to standard error. */
export function createPullProgress(label: string, stderr: Terminal, env: Env): PullProgress {
  const isDrawn = !isPlain(stderr, env);
  const rate = createRate();
  let saidMs = Number.NEGATIVE_INFINITY;
  let saidPercent = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = () => {
    if (drawn) drawOn(stderr, "\r\x1b[K");
    drawn = false;
  };
  return {
    update: (progress) => {
      const nowMs = performance.now();
      rate.add(progress.doneBytes, nowMs);
      const percent = toPercent(progress);
      const complete = progress.doneBytes === progress.totalBytes;
      if (isDrawn) {
        if (nowMs - saidMs < redrawMs && !complete) return;
        const text = `${label}  ${toBar(progress)}${toFacts(progress, rate.bytesPerSecond())}`;
        drawOn(stderr, `\r\x1b[K${fitStart(escapeLine(text), Math.max(1, (stderr.columns || 80) - 1))}`);
        drawn = true;
      } else {
        if (nowMs - saidMs < lineMs && percent < saidPercent + linePercent) return;
        stderr.write(`${label}: ${toFacts(progress, rate.bytesPerSecond())}\n`);
      }
      saidMs = nowMs;
      saidPercent = percent;
    },
    note: (text) => {
      clear();
      stderr.write(`${label}: ${text}\n`);
    },
    close: clear,
  };
}

function toPercent({ doneBytes, totalBytes }: Progress): number {
  return totalBytes === null || totalBytes === 0 ? 0 : (doneBytes / totalBytes) * 100;
}

function toBar(progress: Progress): string {
  if (progress.totalBytes === null) return "";
  const full = Math.round((toPercent(progress) / 100) * barCells);
  return `[${"#".repeat(full)}${"-".repeat(barCells - full)}]  `;
}

function toFacts(progress: Progress, bytesPerSecond: number): string {
  const { doneBytes, totalBytes } = progress;
  const speed = bytesPerSecond > 0 ? [`${toShortSize(bytesPerSecond)}/s`] : [];
  if (totalBytes === null) return [toShortSize(doneBytes), ...speed].join("  ");
  const left = totalBytes - doneBytes;
  const time = bytesPerSecond > 0 && left > 0 ? [`${toShortTime((left / bytesPerSecond) * 1_000)} left`] : [];
  const share = `${Math.floor(toPercent(progress))} % of ${toShortSize(totalBytes)}`;
  return [share, ...speed, ...time].join("  ");
}

/** Bytes per second since the download began in this process, without what an earlier process downloaded. */
function createRate() {
  let first: { bytes: number; atMs: number } | undefined;
  let last = { bytes: 0, atMs: 0 };
  return {
    add: (bytes: number, atMs: number) => {
      // The download started over.
      if (first === undefined || bytes < last.bytes) first = { bytes, atMs };
      last = { bytes, atMs };
    },
    bytesPerSecond: () => {
      const seconds = (last.atMs - (first?.atMs ?? 0)) / 1_000;
      return first === undefined || seconds < 0.2 ? 0 : (last.bytes - first.bytes) / seconds;
    },
  };
}

import { escapeText } from "../format/safe-text.ts";
import { drawOn, type Terminal } from "../io.ts";
import { type Overall, toOverallLine } from "../run/overall-line.ts";

/** Shows how far many pictures are, in one line. */
export type OverallProgress = {
  show(overall: Overall): void;
  /** Prints a line, unless only failures are printed. */
  note(text: string): void;
  /** Prints a line about a failure. */
  fail(text: string): void;
  /** Calls a function that prints lines on standard output, which may be the same terminal. */
  print(write: () => void): void;
  close(): void;
};

/** How progress is shown. */
export type OverallOptions = {
  /** Lines instead of a bar: there is no terminal, or it cannot redraw. */
  readonly isPlain: boolean;
  /** Failures only. */
  readonly isQuiet: boolean;
};

/** Draws a bar on a terminal and prints plain lines elsewhere, on standard error. */
export function createOverallProgress(stderr: Terminal, { isPlain, isQuiet }: OverallOptions): OverallProgress {
  const fail = (text: string) => void stderr.write(`${text}\n`);
  if (isQuiet) return { show() {}, note() {}, fail, print, close() {} };
  return isPlain ? createLines(stderr) : createBar(stderr);
}

const print = (write: () => void) => write();

const lineShare = 0.1;
const lineMs = 30_000;

/** Prints the first state, then a line for each tenth of the pictures, and after 30 s for fewer. */
function createLines(stderr: Terminal): OverallProgress {
  const write = (text: string) => void stderr.write(`${text}\n`);
  let printed: { readonly ended: number; readonly total: number; readonly atMs: number } | undefined;
  const isNews = (ended: number, total: number, nowMs: number) => {
    if (printed?.total !== total) return true;
    const tenths = (count: number) => Math.floor(count / (lineShare * total) + 1e-9);
    return tenths(ended) > tenths(printed.ended) || (ended > printed.ended && nowMs >= printed.atMs + lineMs);
  };
  return {
    show(overall) {
      const { total, done, failed, skipped } = overall;
      const ended = done + failed + skipped;
      const atMs = performance.now();
      if (!isNews(ended, total, atMs)) return;
      printed = { ended, total, atMs };
      write(toOverallLine(overall));
    },
    note: write,
    fail: write,
    print,
    close() {},
  };
}

const redrawMs = 100;

function createBar(stderr: Terminal): OverallProgress {
  let line = "";
  let drawnMs = Number.NEGATIVE_INFINITY;
  const clear = () => (line === "" ? "" : "\r\x1b[K");
  const write = (text: string) => drawOn(stderr, `${clear()}${escapeText(text)}\n${line}`);
  return {
    show(overall) {
      const nowMs = performance.now();
      if (nowMs < drawnMs + redrawMs) return;
      drawnMs = nowMs;
      const cleared = clear();
      line = toOverallLine(overall, (stderr.columns || 80) - 1);
      drawOn(stderr, `${cleared}${line}`);
    },
    note: write,
    fail: write,
    print(writeLines) {
      drawOn(stderr, clear());
      writeLines();
      drawOn(stderr, line);
    },
    close() {
      drawOn(stderr, clear());
      line = "";
    },
  };
}

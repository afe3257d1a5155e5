import { Job, JobState, StepState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { displayWidth } from "../format/display-width.ts";
import { toSafeTerminal } from "../format/safe-text.ts";
import { isPlain, type Terminal } from "../io.ts";
import { toBar } from "./picture-line.ts";
import { createProgress } from "./progress.ts";

const running = Job.fromPartial({
  state: JobState.RUNNING,
  progress: 0.5,
  etaMs: 2_300,
  steps: [{ id: "remove_background", state: StepState.RUNNING }],
});

/** A terminal that records its text. */
function createTerminal(columns: number): { terminal: Terminal; written: () => string } {
  let text = "";
  const write = (more: string) => (text += more);
  return { terminal: toSafeTerminal({ isTTY: true, columns, rows: 24, write }), written: () => text };
}

test("a bar fits a terminal of any width and a picture of any name", () => {
  for (const label of ["cat.png", "写真".repeat(30), "🎉".repeat(30)]) {
    for (let cells = 1; cells <= 120; cells += 1) {
      const bar = toBar(label, running, cells);
      expect([cells, displayWidth(bar) <= cells]).toEqual([cells, true]);
      if (cells >= 40) expect(bar).toContain("50 %");
    }
  }
});

test("on a terminal each bar is one redrawn line, and names cannot add control sequences", () => {
  const { terminal, written } = createTerminal(60);
  const progress = createProgress(terminal, { isPlain: isPlain(terminal, { TERM: "xterm" }) });
  progress.update("\\u001b[2Ja.png", running);
  progress.note("started \u001b[2J");
  progress.finish("a.png", "done \u009b1m", "done");
  progress.close();
  const sequences =
    written()
      .replaceAll("\u001b", "ESC")
      .match(/ESC[^a-zA-Z]*[a-zA-Z]/g) ?? [];
  expect(sequences.every((sequence) => /^ESC\[(\d+A|J)$/.test(sequence))).toBe(true);
  expect(sequences.length).toBeGreaterThan(0);
  expect(written()).toContain("started \\u001b[2J\n");
  expect(written()).not.toContain("\u009b");
});

test("many pictures have one line for all of them below those in work; a few have not", () => {
  for (const total of [3, 5]) {
    const { terminal, written } = createTerminal(80);
    const progress = createProgress(terminal, { isPlain: false, picturesAtOnce: 2 });
    progress.expect(total);
    for (const label of ["a.png", "b.png"]) progress.begin(label);
    progress.update("b.png", running);
    progress.finish("a.png", "IMAGE_CORRUPT: broken", "failed");
    progress.close();
    expect(written()).toContain("a.png: IMAGE_CORRUPT: broken\n");
    const last = written().split("broken\n")[1]?.split("\u001b")[0]?.split("\n") ?? [];
    expect(last).toHaveLength(total === 5 ? 3 : 2);
    expect(last[0]).toMatch(/^b\.png .* 50 %/);
    if (total === 5) expect(last[1]).toMatch(/^\[####-+\] {2}1\/5 {2}1 failed {2}1 running$/);
  }
});

test("plain and quiet progress have no line for all pictures", () => {
  for (const options of [{ isPlain: true }, { isPlain: false, isQuiet: true }]) {
    const { terminal, written } = createTerminal(80);
    const progress = createProgress(terminal, options);
    progress.expect(9);
    progress.begin("a.png");
    progress.finish("a.png", "done", "done");
    progress.close();
    expect(written()).toBe(options.isQuiet ? "" : "a.png: done\n");
  }
});

test.each([{ TERM: "dumb" }, { NO_COLOR: "1" }])("progress is plain lines under %j", (env) => {
  const { terminal, written } = createTerminal(80);
  const progress = createProgress(terminal, { isPlain: isPlain(terminal, env) });
  progress.update("a.png", running);
  progress.finish("a.png", "done", "done");
  progress.close();
  expect(written()).toBe("a.png: 50 %  remove_background  2.3 s left\na.png: done\n");
});

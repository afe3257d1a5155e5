import { expect, test } from "vitest";
import { createOverallProgress } from "./overall-progress.ts";

const state = { total: 100, skipped: 0, failed: 0, running: 4, perSecond: undefined, leftMs: undefined };

test("without a terminal, a line is printed for the first state and each tenth of the pictures, and notes between them", () => {
  const lines: string[] = [];
  const progress = createOverallProgress({ write: (text) => lines.push(text) }, { isPlain: true, isQuiet: false });
  progress.note("sending");
  for (let done = 0; done <= 100; done += 1) progress.show({ ...state, done });
  // Another number of pictures begins anew.
  progress.show({ ...state, total: 50, done: 4 });
  progress.show({ ...state, total: 50, done: 5 });
  progress.close();
  const counts = lines.slice(1).map((line) => /(\d+)\/(\d+)/.exec(line)?.[0]);
  expect(lines[0]).toBe("sending\n");
  expect(counts).toEqual([...Array.from({ length: 11 }, (_, at) => `${at * 10}/100`), "4/50", "5/50"]);
});

test("on a terminal, notes are written above the bar, as safe text, and the end clears it", () => {
  let drawn = "";
  const terminal = { write: (text: string) => (drawn += text), isTTY: true, columns: 40 };
  const progress = createOverallProgress(terminal, { isPlain: false, isQuiet: false });
  progress.show({ ...state, done: 50 });
  const bar = drawn;
  expect(bar).toMatch(/^\[#+-+\] {2}50\/100 {2}4 running$/);
  expect(bar.length).toBeLessThan(40);
  progress.fail("a\u001b[2Jb");
  expect(drawn).toBe(`${bar}\r\x1b[Ka\\u001b[2Jb\n${bar}`);
  drawn = "";
  progress.print(() => terminal.write("out.png\n"));
  expect(drawn).toBe(`\r\x1b[Kout.png\n${bar}`);
  progress.close();
  progress.close();
  expect(drawn.endsWith(`\n${bar}\r\x1b[K`)).toBe(true);
});

test("a quiet command prints failures only", () => {
  let text = "";
  const progress = createOverallProgress({ write: (more) => (text += more) }, { isPlain: true, isQuiet: true });
  progress.note("sending");
  progress.show({ ...state, done: 50 });
  progress.fail("a.png: IMAGE_CORRUPT");
  progress.close();
  expect(text).toBe("a.png: IMAGE_CORRUPT\n");
});

import { StepProgress } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createHeardProgress } from "./reported-progress.ts";

const said = (fraction: number, attempt = 1, etaMs = 5) =>
  StepProgress.fromPartial({ jobId: "j", stepId: "s", attempt, fraction, etaMs });

test("within an attempt what was done stays done; the time left is by the newest word", () => {
  const heard = createHeardProgress();
  expect(heard.of("j")).toBeUndefined();
  heard.note(said(0.6), 10);
  // The same attempt begins anew on another worker.
  heard.note(said(0.1, 1, 900), 20);
  expect(heard.of("j")?.get("s")).toEqual({ fraction: 0.6, best: 0.6, etaMs: 900, attempt: 1, heardUnixMs: 20 });
});

test("a new attempt begins at its own progress, and the most of all attempts is kept", () => {
  const heard = createHeardProgress();
  heard.note(said(0.6), 10);
  heard.note(said(0.1, 2), 20);
  expect(heard.of("j")?.get("s")).toMatchObject({ fraction: 0.1, best: 0.6, attempt: 2 });
  // A late word of the attempt before says nothing.
  heard.note(said(0.9), 30);
  expect(heard.of("j")?.get("s")).toMatchObject({ fraction: 0.1, best: 0.6, attempt: 2, heardUnixMs: 20 });
});

test("jobs that were heard of long ago are forgotten", () => {
  const heard = createHeardProgress();
  heard.note(said(0.5), 1);
  for (let n = 0; n < 10_001; n++) heard.note({ ...said(0.5), jobId: `other-${n}` }, 1);
  expect(heard.of("j")).toBeUndefined();
  expect(heard.of("other-10000")).toBeDefined();
});

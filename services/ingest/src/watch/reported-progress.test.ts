import { StepProgress } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createReportedProgress } from "./reported-progress.ts";

const report = (fraction: number, attempt = 1, etaMs = 5) =>
  StepProgress.fromPartial({ jobId: "j", stepId: "s", attempt, fraction, etaMs });

test("within an attempt the fraction never falls, and the remaining time is the newest", () => {
  const progress = createReportedProgress();
  expect(progress.of("j")).toBeUndefined();
  progress.record(report(0.6), 10);
  // Another worker starts the same attempt again.
  progress.record(report(0.1, 1, 900), 20);
  const expected = { fraction: 0.6, best: 0.6, etaMs: 900, attempt: 1, receivedUnixMs: 20 };
  expect(progress.of("j")?.get("s")).toEqual(expected);
});

test("a new attempt starts at its own fraction, and the best of all attempts is kept", () => {
  const progress = createReportedProgress();
  progress.record(report(0.6), 10);
  progress.record(report(0.1, 2), 20);
  expect(progress.of("j")?.get("s")).toMatchObject({ fraction: 0.1, best: 0.6, attempt: 2 });
  // A late report of the previous attempt is ignored.
  progress.record(report(0.9), 30);
  expect(progress.of("j")?.get("s")).toMatchObject({ fraction: 0.1, best: 0.6, attempt: 2, receivedUnixMs: 20 });
});

test("only the jobs that were reported last are kept", () => {
  const progress = createReportedProgress();
  progress.record(report(0.5), 1);
  for (let n = 0; n < 10_001; n++) progress.record({ ...report(0.5), jobId: `other-${n}` }, 1);
  expect(progress.of("j")).toBeUndefined();
  expect(progress.of("other-10000")).toBeDefined();
});

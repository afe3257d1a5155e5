import { BatchProgress, BatchSources, ErrorReason, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { maxBatchEnds, maxBatchSources, maxNameBytes, sourcesPerPage } from "./batch-limits.ts";
import { batchJobState, countBatchJobs, lastEnds, newEnds, runsAgain } from "./batch-progress.ts";

const end = (index: number, state: JobState, attempt = 1) => ({
  index,
  attempt,
  state,
  reason: ErrorReason.UNSPECIFIED,
  afterS10: 0,
});
const { SUCCEEDED, FAILED, CANCELLED, RUNNING, UNSPECIFIED } = JobState;

test("jobs wait, run, end, and run again with a retry", () => {
  const ended = [end(2, SUCCEEDED), end(0, FAILED), end(1, CANCELLED)];
  const progress = BatchProgress.fromPartial({ created: 4, ended });
  expect(countBatchJobs(progress, 6)).toEqual({ succeeded: 1, failed: 1, cancelled: 1, running: 1, waiting: 2 });
  expect([...lastEnds(progress, 6)]).toEqual([1, 2, 0, -1, -1, -1]);
  expect(batchJobState(progress, 3, -1)).toEqual({ state: RUNNING, attempt: 1, end: undefined });
  expect(batchJobState(progress, 4, -1)).toEqual({ state: UNSPECIFIED, attempt: 1, end: undefined });

  const retried = { ...progress, retryBefore: 3 };
  expect(countBatchJobs(retried, 6)).toEqual({ succeeded: 1, failed: 0, cancelled: 1, running: 2, waiting: 2 });
  expect(batchJobState(retried, 0, 1)).toEqual({ state: RUNNING, attempt: 2, end: undefined });
  expect([0, 1, 2].map((place) => runsAgain({ ...retried, retryCancelled: true }, place))).toEqual([false, true, true]);

  const again = { ...retried, ended: [...ended, end(0, FAILED, 2)] };
  expect(batchJobState(again, 0, 3)).toMatchObject({ state: FAILED, attempt: 2 });
  // A finished batch has no job that runs.
  expect(countBatchJobs({ ...retried, finishedUnixMs: 1 }, 3)).toMatchObject({ failed: 1, cancelled: 1, running: 0 });
});

test("an attempt ends once", () => {
  const ended = [end(0, FAILED), end(1, SUCCEEDED)];
  const last = lastEnds({ ended }, 3);
  const ends = [end(0, SUCCEEDED), end(1, FAILED), end(2, FAILED), end(0, SUCCEEDED, 2)];
  expect(newEnds(ended, last, ends)).toEqual([end(2, FAILED), end(0, SUCCEEDED, 2)]);
});

test("the largest record and the largest page of sources fit into a message of the broker", () => {
  const weekS10 = 7 * 24 * 3_600 * 10;
  const largest = {
    index: maxBatchSources - 1,
    attempt: 10,
    state: FAILED,
    reason: ErrorReason.INTERNAL,
    afterS10: weekS10,
  };
  const ended = Array.from({ length: maxBatchEnds }, () => largest);
  const progress = {
    created: maxBatchSources,
    ended,
    cancelled: true,
    retryBefore: maxBatchEnds,
    finishedUnixMs: Date.now(),
    retryCancelled: true,
  };
  const maxValueBytes = 900 * 1024;
  expect(BatchProgress.encode(progress).finish().length).toBeLessThan(maxValueBytes);
  const error = { reason: ErrorReason.IMAGE_CORRUPT, message: "x".repeat(800), stepId: "" };
  const source = { name: "x".repeat(maxNameBytes), sha256: "0".repeat(64), info: undefined, error };
  const sources = Array.from({ length: sourcesPerPage }, () => source);
  expect(BatchSources.encode({ sources }).finish().length).toBeLessThan(maxValueBytes);
});

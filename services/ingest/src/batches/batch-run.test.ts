import { BatchProgress, BatchSpec, ErrorReason, JobState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toRetried } from "../rpc/batches/retry-batch.ts";
import { type BatchRun, createBatchRun } from "./batch-run.ts";
import type { JobEnd } from "./start-batch-job.ts";

const announcement = { revision: 1 };
const succeeded: JobEnd = { state: JobState.SUCCEEDED, reason: ErrorReason.UNSPECIFIED };
const failed: JobEnd = { state: JobState.FAILED, reason: ErrorReason.IMAGE_CORRUPT };

function openRun(sources: number, progress: Partial<BatchProgress> = {}): BatchRun {
  const spec = BatchSpec.fromPartial({
    batchId: "b",
    tenant: "t",
    sources,
    createdUnixMs: Date.now(),
    expiresUnixMs: Date.now() + 1e6,
  });
  return createBatchRun({ spec, progress: BatchProgress.fromPartial(progress), revision: 1 }, announcement, 4);
}

/** Stores what the run has to write, as its writer does. */
function store(run: BatchRun): BatchProgress {
  const progress = BatchProgress.decode(BatchProgress.encode(run.toProgress(Date.now())).finish());
  run.written(progress, run.revision() + 1);
  return progress;
}

test("each source is taken once, and the batch is finished when all have ended", () => {
  const run = openRun(3);
  const taken = [run.takeNext(), run.takeNext(), run.takeNext(), run.takeNext()];
  expect(taken.map((next) => next?.index)).toEqual([0, 1, 2, undefined]);
  run.end(1, 1, succeeded);
  expect(store(run)).toMatchObject({ created: 3, finishedUnixMs: 0, ended: [{ index: 1 }] });
  expect(run.isDirty()).toBe(false);
  run.end(1, 1, failed);
  run.end(0, 1, failed);
  run.end(2, 1, succeeded);
  expect(run.isDirty()).toBe(true);
  const progress = store(run);
  expect(progress.ended.map(({ index, state }) => [index, state])).toEqual([
    [1, JobState.SUCCEEDED],
    [0, JobState.FAILED],
    [2, JobState.SUCCEEDED],
  ]);
  expect(progress.finishedUnixMs).toBeGreaterThan(0);
  expect(run.isFinished()).toBe(true);
});

test("a job that could not be created is taken again, and sources behind it do not count as created", () => {
  const run = openRun(4);
  for (let at = 0; at < 3; at++) run.takeNext();
  run.giveBack(1);
  expect(store(run).created).toBe(1);
  expect(run.takeNext()).toMatchObject({ index: 1, attempt: 1 });
  expect(store(run).created).toBe(3);
});

test("a feeder that takes over looks for jobs without an end, and for as many behind them as may be open", () => {
  const ended = [{ index: 0, attempt: 1, state: JobState.SUCCEEDED, reason: ErrorReason.UNSPECIFIED, afterS10: 1 }];
  const run = openRun(20, { created: 3, ended });
  const taken = Array.from({ length: 19 }, () => run.takeNext());
  expect(taken.map((next) => next?.index)).toEqual(Array.from({ length: 19 }, (_, at) => at + 1));
  expect(taken.filter((next) => next?.mayExist).map((next) => next?.index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a cancelled batch ends what was not created; a retry takes the failed jobs alone", () => {
  const run = openRun(5);
  run.takeNext();
  run.takeNext();
  run.end(0, 1, failed);
  const before = store(run);
  run.load({ progress: { ...before, cancelled: true }, revision: 9 }, announcement);
  run.cancelWaiting();
  expect(store(run).finishedUnixMs).toBe(0);
  run.end(1, 1, succeeded);
  const progress = store(run);
  expect(progress).toMatchObject({ cancelled: true, created: 5 });
  expect(progress.finishedUnixMs).toBeGreaterThan(0);

  const again = toRetried({ spec: run.spec, progress: { ...progress, cancelled: false }, revision: 1 }, Date.now());
  const retry = createBatchRun({ spec: run.spec, progress: again as BatchProgress, revision: 1 }, announcement, 4);
  expect(retry.takeNext()).toMatchObject({ index: 0, attempt: 2 });
  expect(retry.takeNext()).toBeUndefined();
  const all = toRetried({ spec: run.spec, progress, revision: 1 }, Date.now());
  const retryAll = createBatchRun({ spec: run.spec, progress: all as BatchProgress, revision: 1 }, announcement, 4);
  expect([0, 1, 2, 3, 4].map(() => retryAll.takeNext()?.index)).toEqual([0, 2, 3, 4, undefined]);
});

test("a retry is refused after nine retries, after the pictures expired, and while the batch runs", () => {
  const { spec } = openRun(1);
  const end = { index: 0, attempt: 1, state: JobState.FAILED, reason: ErrorReason.UNSPECIFIED, afterS10: 0 };
  const progress = BatchProgress.fromPartial({ created: 1, ended: [end], finishedUnixMs: 1 });
  const retry = (changes: Partial<BatchProgress>, nowUnixMs = Date.now()) =>
    toRetried({ spec, progress: { ...progress, ...changes }, revision: 1 }, nowUnixMs);
  expect(retry({})).toMatchObject({ retryBefore: 1, finishedUnixMs: 0 });
  expect(() => retry({ finishedUnixMs: 0 })).toThrow(/runs/);
  expect(() => retry({ ended: [{ ...end, attempt: 10 }] })).toThrow(/9 retries/);
  expect(() => retry({}, spec.expiresUnixMs)).toThrow(/24 hours/);
  expect(retry({ ended: [{ ...end, state: JobState.SUCCEEDED }] })).toBeUndefined();
});

test("in any order of events, with lost writes and changes of the feeder, each source ends once and the batch finishes", () => {
  const action = fc.constantFrom("take", "end", "fail", "giveBack", "store", "lose", "takeOver");
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(action, { maxLength: 120 }),
      fc.infiniteStream(fc.nat(100)),
      (sources, actions, picks) => {
        let run = openRun(sources);
        let stored = { progress: BatchProgress.create(), revision: 1 };
        /** The jobs that exist in the mesh, with their ends. */
        const jobs = new Map<number, JobEnd | undefined>();
        const pick = <T>(from: readonly T[]) => from[(picks.next().value as number) % from.length] as T;
        const take = () => {
          const next = run.takeNext();
          if (!next) return;
          const known = jobs.get(next.index);
          if (known) run.end(next.index, next.attempt, known);
          else jobs.set(next.index, undefined);
        };
        const write = () => {
          const progress = BatchProgress.decode(BatchProgress.encode(run.toProgress(7)).finish());
          stored = { progress, revision: stored.revision + 1 };
          run.written(progress, stored.revision);
        };
        const finishOne = (end: JobEnd) => {
          const open = [...run.open.keys()];
          if (open.length === 0) return;
          const index = pick(open);
          if (jobs.get(index) === undefined) jobs.set(index, end);
          run.end(index, 1, jobs.get(index) as JobEnd);
        };
        for (const what of actions) {
          if (stored.progress.finishedUnixMs !== 0) break;
          if (what === "take") take();
          if (what === "end") finishOne(succeeded);
          if (what === "fail") finishOne(failed);
          if (what === "giveBack" && run.open.size > 0) run.giveBack(pick([...run.open.keys()]));
          if (what === "store") write();
          if (what === "lose") run.load(stored, announcement);
          if (what === "takeOver") run = createBatchRun({ spec: run.spec, ...stored }, announcement, 4);
        }
        while (stored.progress.finishedUnixMs === 0) {
          for (let at = 0; at < sources; at++) take();
          for (let at = 0; at < sources; at++) finishOne(succeeded);
          write();
        }
        const ended = stored.progress.ended.map(({ index }) => index);
        expect(ended.sort((a, b) => a - b)).toEqual(Array.from({ length: sources }, (_, index) => index));
        for (const { index, state } of stored.progress.ended) expect(jobs.get(index)?.state).toBe(state);
      },
    ),
    { numRuns: 500 },
  );
});

import { reasonToEnum } from "@pixelmesh/errors";
import { ImageFormat, type JobEvent, JobState, StepState } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acyclicPipelines } from "../../test/arbitraries.ts";
import {
  completed,
  createdUnixMs,
  cutOut,
  effects,
  failed,
  fromStep,
  pipeline,
  plan,
  resultFor,
  started,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { expectedCost, rateKeyOf, stepMegapixels } from "../estimates/expected-cost.ts";
import { createMeasuredRates } from "../estimates/measured-rates.ts";
import { createRecord } from "../job/job-record.ts";
import { reduceJob } from "../job/reduce.ts";
import { wantedOf } from "../job/result-coverage.ts";
import { mergeProgress } from "./merge-progress.ts";
import { toJob } from "./to-job.ts";

const asked = pipeline(
  [step("up", upscale(4)), step("cut", cutOut(), fromStep("up")), step("fx", effects("grey"), fromStep("up"))],
  [
    { name: "cut", step: "cut" },
    { name: "fx", step: "fx", format: ImageFormat.JPEG },
  ],
);
const spec = plan(asked, { requestId: "r-1" });
const after = (...events: JobEvent[]) =>
  events.reduce(
    (record, event) => reduceJob(spec, record, { $case: "event", event }, createdUnixMs),
    createRecord(spec),
  );

describe("a job as its owner sees it", () => {
  test("names the steps whose results each step takes, and the trace of its creation", () => {
    const { steps, traceId } = toJob(
      { ...spec, traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
      after(),
      1,
    );
    expect(steps.map(({ id, inputSteps }) => [id, inputSteps])).toEqual([
      ["up", []],
      ["cut", ["up"]],
      ["fx", ["up"]],
    ]);
    expect(traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(toJob({ ...spec, traceparent: "" }, after(), 1).traceId).toBe("");
  });

  test("marks an output after its expiry as expired, not as ready", () => {
    const record = after(started("up"), completed(spec, "up"), completed(spec, "fx", 1, createdUnixMs + 300));
    const outputAt = (nowUnixMs: number) => {
      const { outputs } = toJob(spec, record, 1, new Map(), nowUnixMs);
      return outputs.map(({ name, ready, expired }) => ({ name, ready, expired }));
    };
    const { outputsExpireUnixMs } = record;
    expect(outputAt(outputsExpireUnixMs - 1)).toContainEqual({ name: "fx", ready: true, expired: false });
    expect(outputAt(outputsExpireUnixMs)).toContainEqual({ name: "fx", ready: false, expired: true });
    // An output that was never made is neither.
    expect(outputAt(outputsExpireUnixMs)).toContainEqual({ name: "cut", ready: false, expired: false });
  });

  test("describes each step and output, before and after the run", () => {
    const job = toJob(
      spec,
      after(started("up"), completed(spec, "up"), completed(spec, "fx", 1, createdUnixMs + 300)),
      4,
    );
    expect(job).toMatchObject({
      id: "job-1",
      requestId: "r-1",
      revision: 4,
      state: JobState.RUNNING,
      finishedUnixMs: 0,
    });
    expect(job.steps).toMatchObject([
      {
        id: "up",
        operation: "upscale",
        state: StepState.SUCCEEDED,
        progress: 1,
        waitMs: 60,
        runMs: 40,
        model: "m",
        provider: "cpu",
        widthPx: 640,
      },
      {
        id: "cut",
        operation: "remove_background",
        state: StepState.READY,
        progress: 0,
        runMs: 0,
        model: "salient",
        provider: "",
        widthPx: 2560,
      },
      { id: "fx", operation: "apply_effects", state: StepState.SUCCEEDED, savedMs: 0, cached: false },
    ]);
    expect(job.outputs).toMatchObject([
      { name: "cut", ready: false, sha256: "", format: ImageFormat.UNSPECIFIED },
      { name: "fx", step: "fx", ready: true, sizeBytes: 10, format: ImageFormat.PNG, widthPx: 640, heightPx: 480 },
    ]);
  });

  test("shows the time that a stored result saved, and its notices under this job's step", () => {
    const remark = { stepId: "elsewhere", kind: "device", from: "gpu", to: "cpu", why: "no gpu" };
    const result = resultFor(wantedOf(spec, "up"), "x", {
      adaptations: [remark],
      notices: [{ stepId: "", kind: "bit_depth", text: "16 to 8" }],
    });
    const key = createRecord(spec).steps[0]?.resultKey ?? "";
    const job = toJob(
      spec,
      reduceJob(
        { ...spec, allowDegraded: true },
        createRecord(spec),
        { $case: "cached", stepId: "up", key, result },
        createdUnixMs + 7,
      ),
      1,
    );
    expect(job.steps[0]).toMatchObject({ cached: true, savedMs: 40, runMs: 0, waitMs: 7 });
    expect(job.adaptations).toEqual([{ ...remark, stepId: "up" }]);
    expect(job.notices).toEqual([{ stepId: "up", kind: "bit_depth", text: "16 to 8" }]);
  });

  test("carries the error of a failed job and keeps its finished outputs", () => {
    const job = toJob(
      spec,
      after(completed(spec, "up"), completed(spec, "fx"), failed("cut", 1, reasonToEnum("OUT_OF_MEMORY"))),
      9,
    );
    expect(job).toMatchObject({
      state: JobState.FAILED,
      etaMs: 0,
      error: { reason: reasonToEnum("OUT_OF_MEMORY"), stepId: "cut" },
    });
    expect(job.outputs.map((output) => output.ready)).toEqual([false, true]);
  });
});

describe("progress", () => {
  test("weighs each step by its expected cost", () => {
    const [up, cut, fx] = spec.steps.map(expectedCost) as [number, number, number];
    const job = toJob(spec, after(started("up")), 1, new Map([["up", { fraction: 0.5, etaMs: -1 }]]));
    expect(job.progress).toBeCloseTo((0.5 * up) / (up + cut + fx), 12);
    expect(job.steps[0]?.progress).toBe(0.5);
  });

  test("ignores reports of steps that do not run, and keeps a running step below 1", () => {
    expect(toJob(spec, createRecord(spec), 1, new Map([["up", { fraction: 0.7, etaMs: 3 }]])).progress).toBe(0);
    expect(toJob(spec, after(started("up")), 1, new Map([["up", { fraction: 7, etaMs: 0 }]])).steps[0]?.progress).toBe(
      0.99,
    );
    expect(toJob(spec, after(started("up")), 1, new Map([["up", { fraction: Number.NaN, etaMs: 0 }]])).progress).toBe(
      0,
    );
  });

  test("never falls, in any order of events, and is 1 exactly when the job has SUCCEEDED", () => {
    const moves = fc.array(fc.record({ pick: fc.nat(), kind: fc.nat(9), fraction: fc.double({ min: -1, max: 2 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(acyclicPipelines(8), moves, (pipelineAsked, list) => {
        const plannedJob = plan(pipelineAsked);
        let record = createRecord(plannedJob);
        let shown = toJob(plannedJob, record, 0);
        for (const [index, { pick, kind, fraction }] of list.entries()) {
          const chosen = record.steps[pick % record.steps.length];
          if (!chosen) continue;
          const { id, attempt } = chosen;
          const at = createdUnixMs + index;
          const event =
            kind < 3
              ? started(id, attempt, at)
              : kind < 7
                ? completed(plannedJob, id, attempt, at)
                : kind < 9
                  ? failed(id, attempt, reasonToEnum("INTERNAL"), at)
                  : undefined;
          if (event) record = reduceJob(plannedJob, record, { $case: "event", event }, at);
          const next = mergeProgress(shown, toJob(plannedJob, record, index, new Map([[id, { fraction, etaMs: 5 }]])));
          expect(next.progress).toBeGreaterThanOrEqual(shown.progress);
          expect(next.progress === 1).toBe(next.state === JobState.SUCCEEDED);
          for (const [at2, now] of next.steps.entries()) {
            const before = shown.steps[at2];
            if (before?.attempt === now.attempt) expect(now.progress).toBeGreaterThanOrEqual(before.progress);
          }
          shown = next;
        }
      }),
      { numRuns: 80 },
    );
  });

  test("of a step starts again with a new attempt, and does not fall within an attempt", () => {
    const running = toJob(spec, after(started("up")), 1, new Map([["up", { fraction: 0.5, etaMs: 3 }]]));
    const silent = mergeProgress(running, toJob(spec, after(started("up")), 1));
    expect(silent.steps[0]?.progress).toBe(0.5);
    const again = mergeProgress(silent, toJob(spec, after(failed("up", 1, reasonToEnum("INTERNAL"))), 2));
    expect(again.steps[0]).toMatchObject({ attempt: 2, progress: 0 });
    expect(again.progress).toBe(running.progress);
  });

  test("of a job does not fall when a step is retried", () => {
    const reports = new Map([["up", { fraction: 0.6, etaMs: 10, attempt: 1, best: 0.6 }]]);
    const before = toJob(spec, after(started("up")), 1, reports);
    const repeated = after(started("up"), failed("up", 1, reasonToEnum("INTERNAL")));
    const again = toJob(spec, repeated, 2, reports);
    expect(again).toMatchObject({ progress: before.progress, steps: [{ attempt: 2, progress: 0 }, {}, {}] });
  });

  test("an older reading does not replace a newer one, and an ended job does not change", () => {
    const newer = toJob(spec, after(completed(spec, "up")), 5);
    expect(mergeProgress(newer, toJob(spec, createRecord(spec), 4))).toBe(newer);
    const ended = toJob(spec, after(failed("up", 1, reasonToEnum("POISON"))), 6);
    expect(mergeProgress(ended, newer)).toBe(ended);
    expect(mergeProgress(undefined, newer)).toBe(newer);
  });
});

describe("the time left", () => {
  const rates = createMeasuredRates();
  for (const { step } of spec.steps) if (step) rates.observe(rateKeyOf(step), "cpu", 1, 1000);
  const measured = plan(asked, {}, { rates });
  const [, cut = 0, fx = 0] = measured.steps.map((planned) => planned.expectedMs);
  /** Both later steps take the result of the first one alone. */
  const later = Math.max(cut, fx);
  const nowUnixMs = createdUnixMs + 60_000;
  const reportOf = (etaMs: number, receivedUnixMs = nowUnixMs) =>
    new Map([["up", { fraction: 0.5, etaMs, attempt: 1, receivedUnixMs }]]);
  const etaOf = (record = after(started("up")), reports = reportOf(2_000)) =>
    toJob(measured, record, 1, reports, nowUnixMs).etaMs;

  test("is unknown while a step waits, or has no measured expectation", () => {
    expect(toJob(spec, createRecord(spec), 1, new Map(), createdUnixMs).etaMs).toBe(-1);
    expect(etaOf(createRecord(measured), new Map())).toBe(-1);
    expect(toJob(spec, after(started("up")), 1, reportOf(2_000), nowUnixMs).etaMs).toBe(-1);
  });

  test("is the running step's report plus the expectations of the steps after it, along the critical path", () => {
    expect(etaOf()).toBe(Math.round(2_000 + later));
    expect(Math.min(cut, fx)).toBeGreaterThan(0);
  });

  test("counts down between two reports of a step, and is unknown after three seconds without a report", () => {
    expect(etaOf(undefined, reportOf(2_000, nowUnixMs - 900))).toBe(Math.round(1_100 + later));
    expect(etaOf(undefined, reportOf(2_000, nowUnixMs - 2_900))).toBe(Math.round(later));
    expect(etaOf(undefined, reportOf(60_000, nowUnixMs - 3_100))).toBe(-1);
    expect(etaOf(undefined, reportOf(-1))).toBe(-1);
    expect(etaOf(undefined, new Map())).toBe(-1);
  });

  test("is known as soon as a step reports, before the record says that it runs", () => {
    const reports = new Map([["up", { fraction: 0, etaMs: 3_000, attempt: 1, receivedUnixMs: nowUnixMs }]]);
    expect(etaOf(createRecord(measured), reports)).toBe(Math.round(3_000 + later));
  });

  test("is 0 when the job has ended", () => {
    expect(toJob(spec, reduceJob(spec, createRecord(spec), { $case: "cancel" }, 5), 1).etaMs).toBe(0);
  });
});

test("the megapixels of a step are those of its input", () => {
  expect(spec.steps.map(stepMegapixels)).toEqual([0.3072, 4.9152, 4.9152]);
});

import { reasonToEnum } from "@pixelmesh/errors";
import { JobRecord, JobSpec, JobState, type Step, StepState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeStats } from "./merge-stats.ts";
import { createStatsRecorder, type StatsRecorder } from "./stats-recorder.ts";

const operations: [NonNullable<Step["operation"]>, NonNullable<Step["operation"]>] = [
  { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } },
  { $case: "applyEffects", value: { effects: [] } },
];
const states = [StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED] as const;
const jobStates = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED] as const;

const jobs = fc.record({
  state: fc.constantFrom(...jobStates),
  ms: fc.nat(100_000),
  reason: fc.constantFrom(reasonToEnum("INTERNAL"), reasonToEnum("OUT_OF_MEMORY")),
  steps: fc.array(
    fc.record({
      operation: fc.constantFrom(...operations),
      state: fc.constantFrom(...states),
      cached: fc.boolean(),
      ms: fc.nat(100_000),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});
type EndedJob = typeof jobs extends fc.Arbitrary<infer T> ? T : never;

function record(stats: StatsRecorder, { state, ms, reason, steps }: EndedJob): void {
  stats.recordAccepted();
  const spec = JobSpec.fromPartial({
    createdUnixMs: 1_000,
    steps: steps.map(({ operation }) => ({ step: { operation } })),
  });
  const jobRecord = JobRecord.fromPartial({
    state,
    finishedUnixMs: 1_000 + ms,
    steps: steps.map((step) => ({ ...step, startedUnixMs: 1_000, finishedUnixMs: 1_000 + step.ms })),
    ...(state === JobState.SUCCEEDED ? {} : { error: { reason } }),
  });
  stats.recordEnded(spec, jobRecord);
}

test("for any distribution of jobs over replicas, the merged statistics equal those of one replica with all jobs", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(jobs, fc.nat(2)), { maxLength: 30 }), (jobList) => {
      const one = createStatsRecorder();
      const several = [0, 1, 2].map(() => createStatsRecorder());
      for (const [job, at] of jobList) {
        record(one, job);
        record(several[at] as StatsRecorder, job);
      }
      const merged = mergeStats(several.map((recorder, at) => recorder.read(String(at), 10 * at)));
      expect({ ...merged, replicas: [] }).toEqual({ ...one.read("0", 20), replicas: [] });
      expect(merged.replicas).toHaveLength(3);
    }),
  );
});

test("requests, rates, errors and latencies follow from the recorded jobs", () => {
  const recorder = createStatsRecorder();
  const [prescale, effects] = operations;
  const step = { state: StepState.SUCCEEDED, cached: false, ms: 100 } as const;
  const reason = reasonToEnum("OUT_OF_MEMORY");
  record(recorder, { state: JobState.SUCCEEDED, ms: 300, reason, steps: [{ ...step, operation: prescale }] });
  record(recorder, {
    state: JobState.SUCCEEDED,
    ms: 10,
    reason,
    steps: [{ ...step, operation: prescale, cached: true }],
  });
  const failed = { ...step, operation: effects, state: StepState.FAILED } as const;
  record(recorder, { state: JobState.FAILED, ms: 500, reason, steps: [{ ...step, operation: prescale }, failed] });
  recorder.recordRefused("OUT_OF_MEMORY");
  recorder.recordRefused("IMAGE_EMPTY");
  const stats = recorder.read("7", 1_234);
  expect(stats).toMatchObject({
    replicas: [{ instance: "7", uptimeMs: 1_234 }],
    jobs: { total: 3, succeeded: 2, failed: 1, cancelled: 0, cached: 1 },
    jobsRefused: 2,
    requests: { total: 4, succeeded: 3, failed: 1, cancelled: 0, cached: 1 },
    hitRate: 1 / 3,
    errorRate: 1 / 4,
    errors: [
      { reason, count: 2 },
      { reason: reasonToEnum("IMAGE_EMPTY"), count: 1 },
    ],
    operations: [
      { operation: "apply_effects", requests: { failed: 1 }, latency: { count: 0 } },
      { operation: "prescale", requests: { cached: 1 }, latency: { count: 2, minMs: 100, maxMs: 100, p99Ms: 100 } },
    ],
    jobLatency: { count: 3, minMs: 10, maxMs: 500 },
  });
});

import { reasonToEnum } from "@pixelmesh/errors";
import { JobRecord, JobSpec, JobState, type Step, StepState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeStats } from "./merge-stats.ts";
import { createStatsRecorder, type StatsRecorder } from "./stats-recorder.ts";

const effect = (name: string) => ({ name, parameters: {} });
const operations: [NonNullable<Step["operation"]>, NonNullable<Step["operation"]>] = [
  { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } },
  {
    $case: "applyEffects",
    value: { effects: [effect("dither"), effect("blur"), effect("dither")], defaultOrder: false },
  },
];
const states = [StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED] as const;
const jobStates = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED] as const;

const jobs = fc.record({
  state: fc.constantFrom(...jobStates),
  ms: fc.nat(100_000),
  refresh: fc.boolean(),
  lost: fc.boolean(),
  reason: fc.constantFrom(reasonToEnum("INTERNAL"), reasonToEnum("OUT_OF_MEMORY")),
  steps: fc.array(
    fc.record({
      operation: fc.constantFrom(...operations),
      state: fc.constantFrom(...states),
      cached: fc.boolean(),
      coalesced: fc.boolean(),
      cacheTier: fc.constantFrom<string>("", "hot", "cold"),
      resultKey: fc.constantFrom<string>("", "key"),
      ms: fc.nat(100_000),
      savedMs: fc.nat(100_000),
      bytes: fc.nat(100_000),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});
type EndedJob = typeof jobs extends fc.Arbitrary<infer T> ? T : never;
type EndedStep = EndedJob["steps"][number];

/** A step with further properties. */
const stepOf = (step: Pick<EndedStep, "operation"> & Partial<EndedStep>): EndedStep => ({
  state: StepState.SUCCEEDED,
  cached: false,
  coalesced: false,
  cacheTier: "",
  resultKey: "key",
  ms: 100,
  savedMs: 0,
  bytes: 0,
  ...step,
});

function record(stats: StatsRecorder, { state, ms, reason, steps, refresh, lost }: EndedJob): void {
  stats.recordAccepted();
  const spec = JobSpec.fromPartial({
    refresh,
    createdUnixMs: 1_000,
    steps: steps.map(({ operation }) => ({ step: { operation } })),
  });
  const jobRecord = JobRecord.fromPartial({
    state,
    finishedUnixMs: 1_000 + ms,
    steps: steps.map(({ savedMs, bytes, ...step }) => ({
      ...step,
      readyUnixMs: 1_000,
      startedUnixMs: 1_000,
      finishedUnixMs: 1_000 + step.ms,
      result: { provenance: { savedMs, runMs: savedMs }, outputs: [{ blob: { sizeBytes: bytes } }] },
    })),
    ...(state === JobState.SUCCEEDED ? {} : { error: { reason } }),
  });
  stats.recordEnded(spec, jobRecord);
  const [planned] = spec.steps;
  if (lost && planned) stats.recordLost(planned, ms);
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
  const reason = reasonToEnum("OUT_OF_MEMORY");
  const ended = { state: JobState.SUCCEEDED, reason, refresh: false, lost: false };
  record(recorder, { ...ended, ms: 300, steps: [stepOf({ operation: prescale })] });
  record(recorder, { ...ended, ms: 10, steps: [stepOf({ operation: prescale, cached: true })] });
  const failed = stepOf({ operation: effects, state: StepState.FAILED });
  record(recorder, { ...ended, state: JobState.FAILED, ms: 500, steps: [stepOf({ operation: prescale }), failed] });
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

test("requests of the result cache are counted for their operation, and once for each effect of their chain", () => {
  const recorder = createStatsRecorder();
  const [prescale, effects] = operations;
  const ended = { state: JobState.SUCCEEDED, reason: reasonToEnum("INTERNAL"), refresh: false, lost: false, ms: 1 };
  const hit = stepOf({ operation: effects, cached: true, ms: 8, savedMs: 900, bytes: 5_000, cacheTier: "warm" });
  const coalesced = { ...hit, coalesced: true, savedMs: 100, bytes: 10, cacheTier: "" };
  const miss = stepOf({ operation: effects });
  const bypassed = { ...miss, resultKey: "" };
  const failed = { ...miss, state: StepState.FAILED };
  record(recorder, { ...ended, steps: [hit, { ...hit, ms: 4 }, coalesced, miss, bypassed, failed] });
  record(recorder, { ...ended, refresh: true, lost: true, ms: 600, steps: [miss, stepOf({ operation: prescale })] });
  const cache = {
    hits: 2,
    coalesced: 1,
    misses: 1,
    bypassed: 2,
    bytes: 10_010,
    savedMs: 1_900,
    retrievalMs: 12,
    lost: 1,
    lostAgeMs: 600,
    tiers: [{ tier: "warm", hits: 2 }],
  };
  const stats = recorder.read("7", 0);
  expect(stats.operations).toMatchObject([
    { operation: "apply_effects", cache, savedMs: 1_900, requests: { total: 7, succeeded: 6, cached: 3 } },
    { operation: "prescale", cache: { hits: 0, bypassed: 1, lost: 0 }, savedMs: 0 },
  ]);
  const requests = { total: 7, succeeded: 6, failed: 1, cancelled: 0, cached: 3 };
  expect(stats.effects).toEqual([
    { effect: "blur", requests, cache },
    { effect: "dither", requests, cache },
  ]);
  expect(stats.resultCache).toEqual({ ...cache, bypassed: 3 });
});

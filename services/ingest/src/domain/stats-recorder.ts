import { type Reason, reasonToEnum } from "@pixelmesh/errors";
import { operationOf, operations } from "@pixelmesh/pipeline";
import {
  ErrorReason,
  type JobRecord,
  type JobServiceGetStatsResponse,
  type JobSpec,
  JobState,
  type PlannedStep,
  type StepRecord,
  StepState,
  type Tally,
} from "@pixelmesh/proto";
import { type CacheCounts, createCacheCounts } from "./cache-counts.ts";
import { cacheRequestOf, effectsOf } from "./cache-outcome.ts";
import { createLatencies, type Latencies } from "./latencies.ts";
import { emptyStats, emptyTally, toReasonCounts, withRates } from "./merge-stats.ts";
import { createCostRecorder } from "./remote-costs.ts";

/** Counts the jobs and steps of one replica. Its memory is bounded: operations and reasons are closed lists, and of effects it keeps 512. */
export type StatsRecorder = {
  recordAccepted(): void;
  /** Records a CreateJob call that created no job. */
  recordRefused(reason: Reason): void;
  /** Records an ended job with all of its steps. Call it once for each job. */
  recordEnded(spec: JobSpec, record: JobRecord): void;
  /** Records a stored result that was found without one of its blobs, `ageMs` after it was stored. */
  recordLost(planned: PlannedStep, ageMs: number): void;
  /** Returns the statistics of this replica alone. */
  read(instance: string, uptimeMs: number): JobServiceGetStatsResponse;
};

type StepCounts = { readonly requests: Tally; readonly cache: CacheCounts };
type OperationCounts = StepCounts & { readonly latencies: Latencies };

/** More effects than any catalogue has. */
const maxEffects = 512;

/** Creates a recorder with empty statistics. */
export function createStatsRecorder(): StatsRecorder {
  const jobs = emptyTally();
  const jobLatencies = createLatencies();
  const byOperation = new Map<string, OperationCounts>();
  const byEffect = new Map<string, StepCounts>();
  const costs = createCostRecorder();
  const errors = new Map<ErrorReason, number>();
  let jobsRefused = 0;

  const countError = (reason: ErrorReason) => errors.set(reason, (errors.get(reason) ?? 0) + 1);

  function operationCounts(planned: PlannedStep): OperationCounts | undefined {
    if (!planned.step) return undefined;
    const name = operations[operationOf(planned.step).$case].name;
    return findOrAdd(byOperation, name, () => ({ ...emptyCounts(), latencies: createLatencies() }));
  }

  function effectCounts(planned: PlannedStep): StepCounts[] {
    const known = effectsOf(planned).filter((effect) => byEffect.has(effect) || byEffect.size < maxEffects);
    return known.map((effect) => findOrAdd(byEffect, effect, emptyCounts));
  }

  function recordStep(spec: JobSpec, planned: PlannedStep, step: StepRecord): void {
    const counts = operationCounts(planned);
    if (!counts) return;
    const request = cacheRequestOf(spec, step);
    for (const { requests, cache } of [counts, ...effectCounts(planned)]) {
      addStep(requests, step);
      if (request) cache.record(request);
    }
    if (step.state === StepState.SUCCEEDED && !step.cached)
      counts.latencies.record(step.finishedUnixMs - step.startedUnixMs);
  }

  function recordJob(spec: JobSpec, record: JobRecord): void {
    if (record.state === JobState.CANCELLED) jobs.cancelled += 1;
    else jobLatencies.record(record.finishedUnixMs - spec.createdUnixMs);
    if (record.state === JobState.FAILED) jobs.failed += 1;
    if (record.state === JobState.SUCCEEDED) {
      jobs.succeeded += 1;
      if (record.steps.every(({ cached }) => cached)) jobs.cached += 1;
    } else countError(record.error?.reason ?? ErrorReason.UNSPECIFIED);
  }

  return {
    recordAccepted() {
      jobs.total += 1;
    },
    recordRefused(reason) {
      jobsRefused += 1;
      countError(reasonToEnum(reason));
    },
    recordEnded(spec, record) {
      for (const [index, planned] of spec.steps.entries()) {
        const step = record.steps[index];
        if (step) recordStep(spec, planned, step);
      }
      costs.record(spec, record);
      recordJob(spec, record);
    },
    recordLost(planned, ageMs) {
      for (const counts of [operationCounts(planned), ...effectCounts(planned)]) counts?.cache.recordLost(ageMs);
    },
    read(instance, uptimeMs) {
      return withRates({
        ...emptyStats(),
        replicas: [{ instance, uptimeMs }],
        uptimeMs,
        jobs: { ...jobs },
        jobsRefused,
        jobLatency: jobLatencies.read(),
        operations: [...byOperation].map(([operation, { requests, latencies, cache }]) => {
          const cacheStats = cache.read();
          const latency = latencies.read();
          return { operation, requests: { ...requests }, latency, savedMs: cacheStats.savedMs, cache: cacheStats };
        }),
        effects: [...byEffect].map(([effect, { requests, cache }]) => ({
          effect,
          requests: { ...requests },
          cache: cache.read(),
        })),
        ...costs.read(),
        errors: toReasonCounts(errors),
      });
    },
  };
}

const emptyCounts = (): StepCounts => ({ requests: emptyTally(), cache: createCacheCounts() });

function findOrAdd<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}

function addStep(requests: Tally, { state, cached }: StepRecord): void {
  requests.total += 1;
  if (state === StepState.FAILED) requests.failed += 1;
  else if (state !== StepState.SUCCEEDED) requests.cancelled += 1;
  else {
    requests.succeeded += 1;
    if (cached) requests.cached += 1;
  }
}

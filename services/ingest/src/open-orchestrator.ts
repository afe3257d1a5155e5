import { createMeasuredRates, type MeasuredRates, operationOf } from "@pixelmesh/pipeline";
import type { WorkerParts } from "@pixelmesh/worker";
import { createLoadMonitor, type LoadMonitor } from "./admission/load-monitor.ts";
import type { KeepCallback } from "./callbacks/keep-callback.ts";
import type { IngestConfig } from "./config.ts";
import { createStatsRecorder, type StatsRecorder } from "./domain/stats-recorder.ts";
import type { Stores } from "./open-stores.ts";
import type { DecisionCounts } from "./orchestrator/decide-step.ts";
import { createEqualStepNotices } from "./orchestrator/equal-step-notices.ts";
import { createKnownStarts } from "./orchestrator/known-starts.ts";
import { createOrchestrator, type Orchestrator } from "./orchestrator/orchestrator.ts";
import { createSingleFlight } from "./orchestrator/single-flight.ts";

/** What a replica measures of jobs. */
export type Measurements = {
  /** Durations of steps, for time estimates. */
  readonly rates: MeasuredRates;
  readonly load: LoadMonitor;
  readonly stats: StatsRecorder;
};

/** Creates empty measurements. */
export function createMeasurements({ base, scheduler }: WorkerParts, config: IngestConfig): Measurements {
  return {
    rates: createMeasuredRates(),
    load: createLoadMonitor(scheduler, config.adaptCpuLoad, base.log),
    stats: createStatsRecorder(),
  };
}

/** Creates the orchestrator of this replica. */
export function openOrchestrator(
  { base, results, blobs }: WorkerParts,
  { store, open, waiters, smallPictures, onWritten }: Stores,
  { rates, load, stats }: Measurements,
  keepCallback: KeepCallback,
  { outputLifeMs, reconcileAfterMs }: IngestConfig,
): Orchestrator {
  const { bus, metrics } = base;
  const starts = createKnownStarts();
  const countLost: DecisionCounts["lost"] = ({ spec }, { index }, ageMs) => {
    const planned = spec.steps[index];
    if (!planned?.step) return;
    stats.recordLost(planned, ageMs);
    metrics.count("pixelmesh_results_lost_total", { operation: operationOf(planned.step).$case });
  };
  const flight = createSingleFlight({ bus, store, results, waiters, blobs, metrics, starts, countLost });
  return createOrchestrator({
    base,
    store,
    open,
    waiters,
    results,
    blobs,
    flight,
    equalSteps: createEqualStepNotices(bus),
    smallPictures,
    starts,
    rates,
    load,
    stats,
    keepCallback,
    onWritten,
    outputLifeMs,
    reconcileAfterMs,
  });
}

import { reasonFromEnum } from "@pixelmesh/errors";
import { adaptationsOf, outcomeOf, pipelineKind } from "@pixelmesh/pipeline";
import { type JobRecord, type JobSpec, Priority } from "@pixelmesh/proto";
import type { Metrics } from "@pixelmesh/telemetry";
import { remoteCostsOf } from "../domain/remote-costs.ts";
import { countCacheUse } from "./cache-metrics.ts";

/** Counts an accepted job and the sizes of its pictures. */
export function countSubmitted(metrics: Metrics, spec: JobSpec): void {
  const priority = spec.priority === Priority.BATCH ? "batch" : "interactive";
  metrics.count("pixelmesh_jobs_submitted_total", { pipeline: pipelineKind(spec), priority });
  for (const { info } of spec.sources) {
    if (!info) continue;
    metrics.observe("pixelmesh_input_bytes", {}, info.sizeBytes);
    metrics.observe("pixelmesh_input_megapixels", {}, (info.widthPx * info.heightPx) / 1e6);
  }
}

function countCosts(metrics: Metrics, spec: JobSpec, record: JobRecord): void {
  for (const { provider, model, costMicros, savedMicros } of remoteCostsOf(spec, record)) {
    metrics.count("pixelmesh_remote_cost_micros_total", { provider, model }, costMicros);
    if (savedMicros > 0) metrics.count("pixelmesh_remote_saved_micros_total", { provider, model }, savedMicros);
  }
}

/** Counts an ended job. Call it once for each job. Returns the fields of the job's last log line. */
export function countEnded(metrics: Metrics, spec: JobSpec, record: JobRecord) {
  const [pipeline, outcome] = [pipelineKind(spec), outcomeOf(record)];
  const reason = record.error ? reasonFromEnum(record.error.reason) : "";
  const ms = record.finishedUnixMs - spec.createdUnixMs;
  metrics.count("pixelmesh_jobs_finished_total", { pipeline, outcome });
  countCacheUse(metrics, spec, record);
  countCosts(metrics, spec, record);
  if (reason !== "") metrics.count("pixelmesh_job_failures_total", { reason });
  if (outcome === "succeeded" || outcome === "failed")
    metrics.observe("pixelmesh_job_duration_seconds", { pipeline, outcome }, ms / 1000);
  const degraded = outcome === "succeeded" ? adaptationsOf(spec, record) : [];
  if (degraded.length > 0) metrics.count("pixelmesh_jobs_degraded_total", { pipeline });
  for (const { kind } of degraded) metrics.count("pixelmesh_adaptations_total", { kind });
  return { pipeline, outcome, reason, ms };
}

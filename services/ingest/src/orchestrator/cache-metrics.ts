import { operationOf } from "@pixelmesh/pipeline";
import type { JobRecord, JobSpec } from "@pixelmesh/proto";
import type { Metrics } from "@pixelmesh/telemetry";
import { cacheRequestOf, effectsOf } from "../domain/cache-outcome.ts";

/** Counts how the succeeded steps of an ended job used the result cache. Call it once for each job. */
export function countCacheUse(metrics: Metrics, spec: JobSpec, record: JobRecord): void {
  for (const [index, planned] of spec.steps.entries()) {
    const step = record.steps[index];
    const request = step && cacheRequestOf(spec, step);
    if (!planned.step || !request) continue;
    const operation = operationOf(planned.step).$case;
    const { outcome: result, savedMs, bytes, retrievalMs } = request;
    metrics.count("pixelmesh_result_requests_total", { operation, result });
    metrics.count("pixelmesh_result_saved_seconds_total", { operation }, savedMs / 1000);
    metrics.count("pixelmesh_result_cached_bytes_total", { operation }, bytes);
    if (result === "hit") metrics.observe("pixelmesh_result_retrieval_seconds", { operation }, retrievalMs / 1000);
    for (const effect of effectsOf(planned)) {
      metrics.count("pixelmesh_effect_requests_total", { effect, result });
      metrics.count("pixelmesh_effect_saved_seconds_total", { effect }, savedMs / 1000);
    }
  }
}

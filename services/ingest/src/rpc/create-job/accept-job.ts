import { waitForBroker } from "@pixelmesh/bus";
import { type JobSpec, Priority } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { addCallLogFields } from "@pixelmesh/telemetry";
import { createFairQueue } from "../../domain/fair-queue.ts";
import type { StatsRecorder } from "../../domain/stats-recorder.ts";
import { countSubmitted } from "../../orchestrator/job-metrics.ts";
import type { StoredJob } from "../../stores/job-store.ts";
import { brokerTimeoutMs } from "../repeatable.ts";
import { createStartJob, type NewJob, type StartJobParts } from "./start-job.ts";

/** Dependencies of `createAcceptJob`. */
export type AcceptJobParts = StartJobParts & {
  readonly base: Pick<ServiceBase, "log" | "metrics">;
  readonly stats: Pick<StatsRecorder, "recordAccepted">;
};

/**
 * Starts a planned job, which claims its request id, and counts it. Waits for its turn among the jobs of all tenants. Retried under the same
 * job id while the broker is unavailable. Throws as `StartJob` does.
 */
export type AcceptJob = (spec: JobSpec, newJob: NewJob, signal: AbortSignal) => Promise<StoredJob>;

const startConcurrency = 32;

/** Creates an `AcceptJob`. */
export function createAcceptJob(parts: AcceptJobParts): AcceptJob {
  const { log, metrics } = parts.base;
  const startJob = createStartJob(parts);
  // The concurrency is limited so that the broker answers in time however many jobs arrive at once.
  const starting = createFairQueue(startConcurrency);

  return async (spec, newJob, signal) => {
    const { tenant } = spec;
    const isInteractive = spec.priority === Priority.INTERACTIVE;
    const job = await starting.run({ tenant, isInteractive }, signal, () =>
      waitForBroker(log, () => startJob(spec, newJob), brokerTimeoutMs, signal),
    );
    addCallLogFields({ jobId: job.spec.jobId });
    if (job.spec.jobId === spec.jobId) {
      countSubmitted(metrics, spec);
      parts.stats.recordAccepted();
      const { jobId, steps, outputs } = spec;
      log.info({ jobId, tenant, steps: steps.length, outputs: outputs.length }, "job created");
    }
    return job;
  };
}

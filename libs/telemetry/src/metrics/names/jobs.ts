import { reasons } from "@pixelmesh/errors";
import { modelRoles, workerRoles } from "@pixelmesh/roles";
import { type Definition, inputBytes, jobSeconds, megapixels, pipelines, stages } from "./definition.ts";

/** Jobs, steps, pictures and stored results. */
export const jobMetrics = {
  pixelmesh_jobs_submitted_total: {
    type: "counter",
    help: "Jobs accepted.",
    labels: { pipeline: pipelines, priority: ["interactive", "batch"] },
    from: ["ingest"],
  },
  pixelmesh_jobs_finished_total: {
    type: "counter",
    help: "Jobs ended. Rejected: the picture or the request was at fault.",
    labels: {
      pipeline: pipelines,
      outcome: ["succeeded", "failed", "timed_out", "dead_lettered", "rejected", "cancelled"],
    },
    from: ["ingest"],
  },
  pixelmesh_job_failures_total: {
    type: "counter",
    help: "Jobs that did not succeed, by the reason in their record.",
    labels: { reason: "open" },
    from: ["ingest"],
  },
  pixelmesh_jobs_degraded_total: {
    type: "counter",
    help: "Jobs that succeeded with something lowered, as their callers allowed.",
    labels: { pipeline: pipelines },
    from: ["ingest"],
  },
  pixelmesh_adaptations_total: {
    type: "counter",
    help: "What was lowered in results, each as listed in its job.",
    labels: { kind: "open" },
    from: ["ingest"],
  },
  pixelmesh_job_duration_seconds: {
    type: "histogram",
    help: "From accepted to ended.",
    labels: { pipeline: pipelines, outcome: ["succeeded", "failed"] },
    from: ["ingest"],
    buckets: jobSeconds,
  },
  pixelmesh_job_oldest_active_age_seconds: {
    type: "gauge",
    help: "Age of the oldest unfinished job; 0 when there is none, and in replicas that do not reconcile.",
    labels: {},
    from: ["ingest"],
  },
  pixelmesh_job_state_conflicts_total: {
    type: "counter",
    help: "Writes of a job's record that lost the race.",
    labels: {},
    from: ["ingest"],
  },
  pixelmesh_open_jobs: {
    type: "gauge",
    help: "Unfinished jobs of the mesh; 0 in replicas that do not reconcile.",
    labels: {},
    from: ["ingest"],
  },
  pixelmesh_reconciled_total: {
    type: "counter",
    help: "What the reconciler had to mend.",
    labels: { what: ["lost_step", "orphan", "ended_job", "half_created_job", "empty_entry"] },
    from: ["ingest"],
  },
  pixelmesh_stage_duration_seconds: {
    type: "histogram",
    help: "Steps, from started to stored.",
    labels: { stage: stages, outcome: ["succeeded", "failed", "cancelled", "given_back", "lost"] },
    from: workerRoles,
    buckets: jobSeconds,
  },
  pixelmesh_results_not_kept_total: {
    type: "counter",
    help: "Entries of the result cache that were not written because it was full; their jobs went on without.",
    labels: { what: ["claim", "result", "failure", "release"] },
    from: workerRoles,
  },
  pixelmesh_cache_requests_total: {
    type: "counter",
    help: "Steps by how their result was found, each once: hit, it was stored before; joined, an equal run made it while the step waited; miss, the step runs itself.",
    labels: { cache: ["result"], result: ["hit", "joined", "miss"] },
    from: ["ingest"],
  },
  pixelmesh_cache_tier_requests_total: {
    type: "counter",
    help: "Look-ups in what a process keeps: specs and catalogue in the memory of ingest, models in that of hosts, blobs on the disk of storage (whether bytes to be stored were there).",
    labels: { tier: ["specs", "catalogue", "models", "blobs"], result: ["hit", "miss"] },
    from: ["ingest", "storage", ...modelRoles],
  },
  pixelmesh_input_bytes: {
    type: "histogram",
    help: "Size of the pictures that were uploaded.",
    labels: {},
    from: ["ingest"],
    buckets: inputBytes,
  },
  pixelmesh_input_megapixels: {
    type: "histogram",
    help: "Pixels of the pictures that were uploaded.",
    labels: {},
    from: ["ingest"],
    buckets: megapixels,
  },
  pixelmesh_input_rejected_total: {
    type: "counter",
    help: "Pictures refused.",
    labels: {
      reason: reasons.filter((reason) => reason.startsWith("IMAGE_")),
    },
    from: ["ingest"],
  },
} as const satisfies Record<string, Definition>;

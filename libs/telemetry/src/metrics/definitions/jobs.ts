import { reasons } from "@pixelmesh/errors";
import { modelRoles, workerRoles } from "@pixelmesh/roles";
import {
  type Definition,
  inputBytes,
  jobSeconds,
  megapixels,
  operations,
  pipelines,
  priorities,
} from "./definition.ts";

/** Metrics of jobs, steps, pictures and stored results. */
export const jobMetrics = {
  pixelmesh_jobs_submitted_total: {
    type: "counter",
    help: "Jobs accepted.",
    labels: { pipeline: pipelines, priority: priorities },
    from: ["ingest"],
  },
  pixelmesh_jobs_finished_total: {
    type: "counter",
    help: "Jobs ended, by outcome. `rejected`: the picture or the request was at fault.",
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
    help: "Jobs that succeeded with a degraded result, as their callers allowed.",
    labels: { pipeline: pipelines },
    from: ["ingest"],
  },
  pixelmesh_adaptations_total: {
    type: "counter",
    help: "Degradations of results, as listed in the `adaptations` of their jobs.",
    labels: { kind: "open" },
    from: ["ingest"],
  },
  pixelmesh_job_duration_seconds: {
    type: "histogram",
    help: "Duration of jobs, from accepted to ended.",
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
    help: "Compare-and-set writes of a job record that failed because the record had changed.",
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
    help: "Inconsistencies that the reconciler repaired.",
    labels: { what: ["lost_step", "orphan", "ended_job", "half_created_job", "empty_entry"] },
    from: ["ingest"],
  },
  pixelmesh_step_duration_seconds: {
    type: "histogram",
    help: "Duration of steps in their worker, from started to stored.",
    labels: { operation: operations, outcome: ["succeeded", "failed", "cancelled", "requeued", "lost"] },
    from: workerRoles,
    buckets: jobSeconds,
  },
  pixelmesh_results_not_kept_total: {
    type: "counter",
    help: "Entries of the result cache that were not written because it was full. Their jobs continued.",
    labels: { what: ["claim", "result", "failure", "release"] },
    from: workerRoles,
  },
  pixelmesh_batches_open: {
    type: "gauge",
    help: "Unfinished batches; 0 in replicas that do not feed them.",
    labels: {},
    from: ["ingest"],
  },
  pixelmesh_batches_finished_total: {
    type: "counter",
    help: "Batches of which every job has ended.",
    labels: { outcome: ["ended", "cancelled"] },
    from: ["ingest"],
  },
  pixelmesh_cache_requests_total: {
    type: "counter",
    help: "Look-ups of step results in the result cache, one for each step. `hit`: stored before; `coalesced`: computed by an equal step meanwhile; `miss`: the step runs.",
    labels: { cache: ["result"], result: ["hit", "coalesced", "miss"] },
    from: ["ingest"],
  },
  pixelmesh_cache_tier_requests_total: {
    type: "counter",
    help: "Look-ups in the caches of processes: `specs` and `catalogue` in the memory of ingest, `models` in that of inference hosts, `blobs` on the disk of storage (a hit: the bytes were there).",
    labels: { tier: ["specs", "catalogue", "models", "blobs"], result: ["hit", "miss"] },
    from: ["ingest", "storage", ...modelRoles],
  },
  pixelmesh_input_bytes: {
    type: "histogram",
    help: "Encoded size of uploaded pictures.",
    labels: {},
    from: ["ingest"],
    buckets: inputBytes,
  },
  pixelmesh_input_megapixels: {
    type: "histogram",
    help: "Megapixels of uploaded pictures.",
    labels: {},
    from: ["ingest"],
    buckets: megapixels,
  },
  pixelmesh_input_refused_total: {
    type: "counter",
    help: "Pictures refused.",
    labels: {
      reason: reasons.filter((reason) => reason.startsWith("IMAGE_")),
    },
    from: ["ingest"],
  },
  pixelmesh_shared_beginnings_total: {
    type: "counter",
    help: "Beginnings of chains of effects that steps of one job share. `made`: computed by a step; `joined`: taken by another step.",
    labels: { result: ["made", "joined"] },
    from: ["effects"],
  },
  pixelmesh_previews_total: {
    type: "counter",
    help: "Previews. `kept`: made before; `computed`: from a kept copy of the source; `decoded`: from the source; `replaced`: cancelled by a newer one of the same view.",
    labels: { result: ["kept", "computed", "decoded", "replaced"] },
    from: ["effects"],
  },
  pixelmesh_callback_attempts_total: {
    type: "counter",
    help: "Calls of callback addresses. `delivered`: status 200 to 299; `gone`: status 410, which ends the callback; `failed`: anything else; `given_up`: failed, and it was the last attempt.",
    labels: { outcome: ["delivered", "failed", "gone", "given_up"] },
    from: ["ingest"],
  },
  pixelmesh_callbacks_pending: {
    type: "gauge",
    help: "Callbacks that are still to be made. Exported by the replica of ingest that makes them; 0 from others.",
    labels: {},
    from: ["ingest"],
  },
  pixelmesh_callback_oldest_age_seconds: {
    type: "gauge",
    help: "Time since the end of the oldest job whose callback is still to be made; 0 without one.",
    labels: {},
    from: ["ingest"],
  },
} as const satisfies Record<string, Definition>;

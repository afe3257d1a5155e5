/** Bucket edges in seconds for whole jobs and steps: exact at 30 s, which the latency alert asks for, and beyond. */
const jobSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600] as const;
const rpcSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60] as const;
const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] as const;
const inputBytes = [16, 64, 256, 1_024, 4_096, 16_384, 65_536].map((kib) => kib * 1_024);
const megapixels = [0.25, 1, 2, 4, 8, 16, 25, 50, 100] as const;

const pipelines = ["upscale", "background", "effects", "prescale"] as const;
const stages = ["prescale", "upscale", "removeBackground", "replaceBackground", "applyEffects"] as const;
const queues = ["ingest", "upscale", "background", "effects"] as const;
const lanes = queues.flatMap((queue) => [`${queue}.interactive`, `${queue}.batch`]);
const workStreams = ["WORK_INGEST", "WORK_UPSCALE", "WORK_BACKGROUND", "WORK_EFFECTS"] as const;
const modelServices = ["upscale", "background"] as const;
const workers = ["ingest", "upscale", "background", "effects"] as const;

type Service = "ingest" | "scheduler" | "storage" | "upscale" | "background" | "effects";

/**
 * One metric. A label with a list takes those values only and its series exist from the start, at zero; `open` is a set that is
 * bounded by the mesh itself (devices, models, methods) and not known beforehand.
 */
type Definition = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[] | "open">>;
  readonly from: readonly Service[] | "all";
  readonly buckets?: readonly number[];
};

const rpcLabels = {
  rpc_system_name: "open",
  rpc_method: "open",
  rpc_response_status_code: "open",
  error_type: "open",
} as const;

/** The registry of metric names: every metric that any service exports, and which services do. */
export const metricDefinitions = {
  pixelmesh_build_info: {
    type: "gauge",
    help: "1, with the version.",
    labels: { service: "open", version: "open", node: "open" },
    from: "all",
  },
  pixelmesh_process_memory_limit_bytes: {
    type: "gauge",
    help: "Memory the process may use.",
    labels: {},
    from: "all",
  },
  rpc_server_call_duration_seconds: {
    type: "histogram",
    help: "Calls served.",
    labels: rpcLabels,
    from: "all",
    buckets: rpcSeconds,
  },
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
  pixelmesh_refused_requests_total: {
    type: "counter",
    help: "Requests that no handler was given: malformed bytes, too large a message or metadata.",
    labels: { rpc_method: "open", reason: "open" },
    from: "all",
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
    help: "Unfinished jobs of the mesh, as last counted.",
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
    from: workers,
    buckets: jobSeconds,
  },
  pixelmesh_queue_wait_seconds: {
    type: "histogram",
    help: "From published to taken, by service and priority.",
    labels: { queue: lanes },
    from: workers,
    buckets: waitSeconds,
  },
  pixelmesh_queue_messages: {
    type: "gauge",
    help: "Steps of a service that wait or run; 0 in replicas that do not reconcile.",
    labels: { queue: queues },
    from: ["ingest"],
  },
  pixelmesh_queue_oldest_wait_seconds: {
    type: "gauge",
    help: "Age of the oldest step that waits or runs; 0 in replicas that do not reconcile.",
    labels: { queue: queues },
    from: ["ingest"],
  },
  pixelmesh_messages_published_total: {
    type: "counter",
    help: "Messages published.",
    labels: { stream: "open", result: ["stored", "duplicate", "failed"] },
    from: workers,
  },
  pixelmesh_messages_consumed_total: {
    type: "counter",
    help: "Messages settled.",
    labels: { stream: "open", settle: "open", redelivered: "open" },
    from: workers,
  },
  pixelmesh_durable_writes_total: {
    type: "counter",
    help: "Durable writes asked of the broker, by what they do to which stream or bucket.",
    labels: { what: "open" },
    from: "all",
  },
  pixelmesh_malformed_messages_total: {
    type: "counter",
    help: "Messages that were not what their subject says.",
    labels: { stream: workStreams },
    from: workers,
  },
  pixelmesh_dead_letters_total: {
    type: "counter",
    help: "Messages kept as dead letters.",
    labels: { reason: ["POISON", "MALFORMED"] },
    from: workers,
  },
  pixelmesh_nats_reconnects_total: {
    type: "counter",
    help: "Times the broker connection came back.",
    labels: {},
    from: "all",
  },
  pixelmesh_slot_wait_seconds: {
    type: "histogram",
    help: "From asking for a slot to having it.",
    labels: { stage: stages, result: ["granted"] },
    from: workers,
    buckets: waitSeconds,
  },
  pixelmesh_slots: {
    type: "gauge",
    help: "Slots held.",
    labels: { work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_slots_waiting: {
    type: "gauge",
    help: "Calls that wait for a slot.",
    labels: { work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_slot_refused_total: {
    type: "counter",
    help: "Slots refused.",
    labels: { reason: "open" },
    from: ["scheduler"],
  },
  pixelmesh_device_memory_bytes: {
    type: "gauge",
    help: "Memory of a device: all of it, what is observed in use, what slots are charged, what others use, what an ended host kept.",
    labels: { device: "open", kind: "open" },
    from: ["scheduler", ...workers],
  },
  pixelmesh_device_zone: {
    type: "gauge",
    help: "0 green, 1 amber, 2 red.",
    labels: { device: "open" },
    from: ["scheduler"],
  },
  pixelmesh_out_of_memory_total: {
    type: "counter",
    help: "Inference that ran out of memory, and what was done about it.",
    labels: { stage: ["upscale", "removeBackground"], action: ["smaller", "alone", "failed"] },
    from: modelServices,
  },
  pixelmesh_hosts: {
    type: "gauge",
    help: "Inference hosts with a proven provider.",
    labels: { provider: "open" },
    from: modelServices,
  },
  pixelmesh_host_memory_bytes: {
    type: "gauge",
    help: "Anonymous memory of all inference hosts.",
    labels: {},
    from: modelServices,
  },
  pixelmesh_host_start_seconds: {
    type: "histogram",
    help: "From spawning an inference host to its proven provider.",
    labels: { provider: "open" },
    from: modelServices,
    buckets: rpcSeconds,
  },
  pixelmesh_host_ends_total: {
    type: "counter",
    help: "Inference hosts that ended.",
    labels: { reason: "open" },
    from: modelServices,
  },
  pixelmesh_tile_seconds: {
    type: "histogram",
    help: "Runs of a model, with the wait in the host.",
    labels: { model: "open", outcome: "open" },
    from: modelServices,
    buckets: jobSeconds,
  },
  pixelmesh_tile_repeats_total: {
    type: "counter",
    help: "Tiles done once more on a fresh host.",
    labels: { reason: "open" },
    from: modelServices,
  },
  pixelmesh_models_loaded: {
    type: "gauge",
    help: "Models in memory.",
    labels: { pinned: ["true", "false"] },
    from: modelServices,
  },
  pixelmesh_model_displaced_total: {
    type: "counter",
    help: "Models unloaded for another one.",
    labels: { model: "open", why: "open" },
    from: modelServices,
  },
  pixelmesh_model_load_seconds: {
    type: "histogram",
    help: "Loading a model.",
    labels: { model: "open" },
    from: modelServices,
    buckets: jobSeconds,
  },
  pixelmesh_cache_requests_total: {
    type: "counter",
    help: "Look-ups of stored results; joined waits for an equal run that is under way.",
    labels: { cache: ["result"], result: ["hit", "joined", "miss"] },
    from: ["ingest"],
  },
  pixelmesh_storage_bytes: { type: "gauge", help: "Bytes stored.", labels: { tier: "open" }, from: ["storage"] },
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
      reason: [
        "IMAGE_EMPTY",
        "IMAGE_TYPE_UNSUPPORTED",
        "IMAGE_CORRUPT",
        "IMAGE_TRUNCATED",
        "IMAGE_TOO_MANY_BYTES",
        "IMAGE_TOO_MANY_PIXELS",
        "IMAGE_SIDE_TOO_LONG",
        "IMAGE_TOO_MANY_FRAMES",
      ],
    },
    from: ["ingest"],
  },
} as const satisfies Record<string, Definition>;

/** The name of a metric in the registry. */
export type MetricName = keyof typeof metricDefinitions;

/** A metric's definition as every one has it. */
export type MetricDefinition = Definition;

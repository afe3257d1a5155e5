/** Bucket edges in seconds for whole jobs and steps: exact at 30 s, which the latency alert asks for, and beyond. */
const jobSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600] as const;
const rpcSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60] as const;
const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] as const;

type Definition = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
};

/** The registry of metric names: every metric that any service exports. Label values come from closed lists. */
export const metricDefinitions = {
  pixelmesh_build_info: { type: "gauge", help: "1, with the version.", labels: ["service", "version", "node"] },
  rpc_server_call_duration_seconds: {
    type: "histogram",
    help: "Calls served.",
    labels: ["rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type"],
    buckets: rpcSeconds,
  },
  rpc_client_call_duration_seconds: {
    type: "histogram",
    help: "Calls made.",
    labels: ["rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type"],
    buckets: rpcSeconds,
  },
  pixelmesh_refused_requests_total: {
    type: "counter",
    help: "Requests that no handler was given: malformed bytes, too large a message or metadata.",
    labels: ["rpc_method", "reason"],
  },
  pixelmesh_jobs_submitted_total: { type: "counter", help: "Jobs accepted.", labels: ["priority"] },
  pixelmesh_jobs_finished_total: { type: "counter", help: "Jobs ended.", labels: ["outcome", "reason"] },
  pixelmesh_job_duration_seconds: {
    type: "histogram",
    help: "From accepted to ended.",
    labels: ["outcome"],
    buckets: jobSeconds,
  },
  pixelmesh_job_state_conflicts_total: {
    type: "counter",
    help: "Writes of a job's record that lost the race.",
    labels: [],
  },
  pixelmesh_stage_duration_seconds: {
    type: "histogram",
    help: "Steps, from started to stored.",
    labels: ["stage", "outcome"],
    buckets: jobSeconds,
  },
  pixelmesh_queue_wait_seconds: {
    type: "histogram",
    help: "From published to taken.",
    labels: ["queue"],
    buckets: waitSeconds,
  },
  pixelmesh_messages_published_total: { type: "counter", help: "Messages published.", labels: ["stream", "result"] },
  pixelmesh_messages_consumed_total: {
    type: "counter",
    help: "Messages settled.",
    labels: ["stream", "settle", "redelivered"],
  },
  pixelmesh_durable_writes_total: {
    type: "counter",
    help: "Durable writes asked of the broker, by what they do to which stream or bucket.",
    labels: ["what"],
  },
  pixelmesh_malformed_messages_total: {
    type: "counter",
    help: "Messages that were not what their subject says.",
    labels: ["stream"],
  },
  pixelmesh_dead_letters_total: { type: "counter", help: "Messages kept as dead letters.", labels: ["reason"] },
  pixelmesh_reconciled_total: {
    type: "counter",
    help: "What the reconciler had to mend.",
    labels: ["what"],
  },
  pixelmesh_open_jobs: { type: "gauge", help: "Unfinished jobs of the mesh, as last counted.", labels: [] },
  pixelmesh_nats_reconnects_total: { type: "counter", help: "Times the broker connection came back.", labels: [] },
  pixelmesh_slot_wait_seconds: {
    type: "histogram",
    help: "From asking for a slot to having it.",
    labels: ["stage", "result"],
    buckets: waitSeconds,
  },
  pixelmesh_slots: { type: "gauge", help: "Slots held.", labels: ["work_class"] },
  pixelmesh_slot_refused_total: { type: "counter", help: "Slots refused.", labels: ["reason"] },
  pixelmesh_device_memory_bytes: { type: "gauge", help: "Memory of a device.", labels: ["device", "kind"] },
  pixelmesh_hosts: { type: "gauge", help: "Inference hosts with a proven provider.", labels: ["provider"] },
  pixelmesh_host_memory_bytes: { type: "gauge", help: "Anonymous memory of all inference hosts.", labels: [] },
  pixelmesh_host_start_seconds: {
    type: "histogram",
    help: "From spawning an inference host to its proven provider.",
    labels: ["provider"],
    buckets: rpcSeconds,
  },
  pixelmesh_host_ends_total: { type: "counter", help: "Inference hosts that ended.", labels: ["reason"] },
  pixelmesh_tile_seconds: {
    type: "histogram",
    help: "Runs of a model, with the wait in the host.",
    labels: ["model", "outcome"],
    buckets: jobSeconds,
  },
  pixelmesh_tile_repeats_total: {
    type: "counter",
    help: "Tiles done once more on a fresh host.",
    labels: ["reason"],
  },
  pixelmesh_models_loaded: { type: "gauge", help: "Models in memory.", labels: ["pinned"] },
  pixelmesh_model_displaced_total: {
    type: "counter",
    help: "Models unloaded for another one.",
    labels: ["model", "why"],
  },
  pixelmesh_out_of_memory_total: {
    type: "counter",
    help: "Steps that ran out of memory, by what was done about it.",
    labels: ["stage", "then"],
  },
  pixelmesh_model_load_seconds: { type: "histogram", help: "Loading a model.", labels: ["model"], buckets: jobSeconds },
  pixelmesh_cache_requests_total: { type: "counter", help: "Look-ups of stored results.", labels: ["cache", "result"] },
  pixelmesh_storage_bytes: { type: "gauge", help: "Bytes stored.", labels: ["tier"] },
  pixelmesh_input_rejected_total: { type: "counter", help: "Pictures refused.", labels: ["reason"] },
  pixelmesh_process_memory_limit_bytes: { type: "gauge", help: "Memory the process may use.", labels: [] },
} as const satisfies Record<string, Definition>;

/** The name of a metric in the registry. */
export type MetricName = keyof typeof metricDefinitions;

import { workerRoles } from "@pixelmesh/roles";
import { type Definition, rpcLabels, rpcSeconds } from "./definition.ts";

/** Metrics of every process: itself, and its calls. */
export const processMetrics = {
  pixelmesh_build_info: {
    type: "gauge",
    help: "Always 1; the labels hold role, version, and release of Node.",
    labels: { service: "open", version: "open", runtime: "open" },
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
    help: "Duration of calls served.",
    labels: rpcLabels,
    from: "all",
    buckets: rpcSeconds,
  },
  rpc_client_call_duration_seconds: {
    type: "histogram",
    help: "Duration of calls to other services; of a stream, from its start to its end.",
    labels: rpcLabels,
    from: [...workerRoles, "gateway"],
    buckets: rpcSeconds,
  },
  pixelmesh_tls_certificate_end_seconds: {
    type: "gauge",
    help: "Expiry of this process's certificate in Unix time; 0 without TLS.",
    labels: {},
    from: "all",
  },
  pixelmesh_log_lines_dropped_total: {
    type: "counter",
    help: "Log lines that could not be written (full disk, I/O error, closed pipe).",
    labels: {},
    from: "all",
  },
  pixelmesh_trace_spans_lost_total: {
    type: "counter",
    help: "Spans that were kept and could not be exported: the queue was full, or the receiver did not take them.",
    labels: { reason: ["queue_full", "not_sent"] },
    from: "all",
  },
  pixelmesh_refused_requests_total: {
    type: "counter",
    help: "Requests refused before a handler: malformed bytes, message or metadata too large, no valid token, too many open calls of a method.",
    labels: { rpc_method: "open", reason: "open" },
    from: "all",
  },
  pixelmesh_metric_overflow_total: {
    type: "counter",
    help: "Values with new labels for a metric that has its maximum number of series. They are counted under `other`; those of a gauge with a series for each thing are left out.",
    labels: { metric: "open" },
    from: "all",
  },
} as const satisfies Record<string, Definition>;

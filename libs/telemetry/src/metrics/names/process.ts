import { workerRoles } from "@pixelmesh/roles";
import { type Definition, rpcLabels, rpcSeconds } from "./definition.ts";

/** What every process exports: itself, and the calls it serves. */
export const processMetrics = {
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
  rpc_client_call_duration_seconds: {
    type: "histogram",
    help: "Calls made to other services; a stream counts from its start to its end.",
    labels: rpcLabels,
    from: workerRoles,
    buckets: rpcSeconds,
  },
  pixelmesh_tls_certificate_end_seconds: {
    type: "gauge",
    help: "When the certificate of this process ends, in Unix time; 0 without TLS.",
    labels: {},
    from: "all",
  },
  pixelmesh_log_lines_dropped_total: {
    type: "counter",
    help: "Log lines that could not be written: a full disk, an I/O error, a reader that is gone.",
    labels: {},
    from: "all",
  },
  pixelmesh_refused_requests_total: {
    type: "counter",
    help: "Requests that no handler was given: malformed bytes, too large a message or metadata, no valid token, too many open calls of a method.",
    labels: { rpc_method: "open", reason: "open" },
    from: "all",
  },
  pixelmesh_metric_overflow_total: {
    type: "counter",
    help: "Values whose labels were new while the metric had as many series as it may: counted under `other`, or left out where a gauge names each thing.",
    labels: { metric: "open" },
    from: "all",
  },
} as const satisfies Record<string, Definition>;

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
  pixelmesh_refused_requests_total: {
    type: "counter",
    help: "Requests that no handler was given: malformed bytes, too large a message or metadata.",
    labels: { rpc_method: "open", reason: "open" },
    from: "all",
  },
} as const satisfies Record<string, Definition>;

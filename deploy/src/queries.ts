import { metricDefinitions } from "@pixelmesh/telemetry";
import { parser } from "@prometheus-io/lezer-promql";
import { isAlert, readRules } from "./rules.ts";
import { withoutVariables } from "./selectors.ts";

/** Metrics of other exporters that we query: of Node, Prometheus and the cluster. */
const foreign = new Set([
  "up",
  "ALERTS",
  "process_resident_memory_bytes",
  "process_cpu_seconds_total",
  "process_start_time_seconds",
  "process_open_fds",
  "nodejs_eventloop_lag_p99_seconds",
  "nodejs_heap_size_used_bytes",
  "nodejs_external_memory_bytes",
  "container_memory_working_set_bytes",
  "kube_pod_container_resource_limits",
  // prometheus-nats-exporter, with the prefix that NATS's chart gives it.
  "nats_varz_mem",
  "nats_varz_connections",
  "nats_varz_slow_consumers",
  "nats_varz_in_msgs",
  "nats_varz_out_msgs",
  "nats_varz_in_bytes",
  "nats_varz_out_bytes",
  "nats_server_total_message_bytes",
  "nats_server_max_storage",
  "nats_stream_total_bytes",
  "nats_stream_total_messages",
  "nats_consumer_num_pending",
  "nats_consumer_num_ack_pending",
]);

/** Returns the faults of a query: where it does not parse, and metrics that no process exports. Empty if there are none. */
export function faultsOf(query: string): string[] {
  const text = withoutVariables(query);
  const faults: string[] = [];
  const known = exportedNames();
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(`does not parse at ${from}: ${text.slice(Math.max(0, from - 20), to + 20)}`);
      if (type.name === "VectorSelector") {
        const name = /^[a-zA-Z_:][\w:]*/.exec(text.slice(from, to))?.[0];
        if (name !== undefined && !known.has(name)) faults.push(`no process exports ${name}`);
      }
    },
  });
  return faults;
}

/** Returns the names of the series that a query selects. */
export function namesIn(query: string): string[] {
  const text = withoutVariables(query);
  const found: string[] = [];
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      const name = type.name === "VectorSelector" ? /^[a-zA-Z_:][\w:]*/.exec(text.slice(from, to))?.[0] : undefined;
      if (name !== undefined) found.push(name);
    },
  });
  return found;
}

/** Returns the metrics of the registry that none of the queries selects. */
export function unusedMetrics(queries: readonly string[]): string[] {
  const used = new Set(queries.flatMap(namesIn));
  return Object.keys(metricDefinitions).filter(
    (name) => ![name, `${name}_bucket`, `${name}_sum`, `${name}_count`].some((series) => used.has(series)),
  );
}

let names: ReadonlySet<string> | undefined;

/** The names of all series: those of the registry with the suffixes of histograms, recorded ones, and those of other exporters. */
function exportedNames(): ReadonlySet<string> {
  names ??= new Set([
    ...foreign,
    ...Object.entries(metricDefinitions).flatMap(([name, { type }]) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
    ...readRules().flatMap(({ groups }) =>
      groups.flatMap(({ rules }) => rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]))),
    ),
  ]);
  return names;
}

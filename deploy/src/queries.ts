import { metricDefinitions } from "@pixelmesh/telemetry";
import { parser } from "@prometheus-io/lezer-promql";
import { isAlert, readRules } from "./rules.ts";

/** Variables of dashboards, as they stand in queries, with a value that parses. */
const variables: readonly [RegExp, string][] = [
  [/\$__rate_interval|\$__interval|\$__range/g, "5m"],
  [/\$\{?\w+(:\w+)?\}?/g, "x"],
];

/** What others export and we ask for: node's and the process's own figures, Prometheus's, the cluster's. */
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
]);

/** Everything wrong with a query: where it does not parse, and which metrics nobody exports. Empty when all is well. */
export function faultsOf(query: string): string[] {
  const text = variables.reduce((given, [pattern, value]) => given.replace(pattern, value), query);
  const faults: string[] = [];
  const known = exportedNames();
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(`does not parse at ${from}: ${text.slice(Math.max(0, from - 20), to + 20)}`);
      if (type.name === "VectorSelector") {
        const name = /^[a-zA-Z_:][\w:]*/.exec(text.slice(from, to))?.[0];
        if (name !== undefined && !known.has(name)) faults.push(`nobody exports ${name}`);
      }
    },
  });
  return faults;
}

let names: ReadonlySet<string> | undefined;

/** Every series that can exist: the registry's with what a histogram adds, the recorded ones, and what others export. */
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

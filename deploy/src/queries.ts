import { metricDefinitions } from "@pixelmesh/telemetry";
import { parser } from "@prometheus-io/lezer-promql";
import { isAlert, readRules } from "./rules.ts";

/** Patterns of dashboard variables in queries, each with a value that parses. */
const variables: readonly [RegExp, string][] = [
  [/\$__rate_interval|\$__interval|\$__range/g, "5m"],
  [/\$\{?\w+(:\w+)?\}?/g, "x"],
];

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
]);

/** Returns the faults of a query: where it does not parse, and metrics that no process exports. Empty if there are none. */
export function faultsOf(query: string): string[] {
  const text = variables.reduce((given, [pattern, value]) => given.replace(pattern, value), query);
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

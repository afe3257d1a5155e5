import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { type MetricDefinition, type MetricName, metricDefinitions } from "./names.ts";
import { keptTraceId } from "./trace.ts";

type NamesOf<T extends string> = {
  [K in MetricName]: (typeof metricDefinitions)[K]["type"] extends T ? K : never;
}[MetricName];
type Labels<N extends MetricName> = Readonly<Record<keyof (typeof metricDefinitions)[N]["labels"], string>>;

/** How often the event loop is asked for its lag: it wakes for nothing else, so that an idle process costs little. */
const loopSampleMs = 20;

/** The metrics of one process, by the names of the registry. Wrong names or labels do not compile. */
export type Metrics = {
  count<N extends NamesOf<"counter">>(name: N, labels: Labels<N>, by?: number): void;
  set<N extends NamesOf<"gauge">>(name: N, labels: Labels<N>, value: number): void;
  observe<N extends NamesOf<"histogram">>(name: N, labels: Labels<N>, value: number): void;
  /** The page in a form that the `accept` header allows: OpenMetrics with exemplars, else the Prometheus text format. */
  page(accept?: string): Promise<{ readonly text: string; readonly contentType: string }>;
};

/**
 * Metrics of a service: the registry's and the defaults of a Node process. Series whose labels are closed lists are there
 * from the start, at zero, for the services that the registry says emit them; the others are created on first use.
 * `memoryLimit` is what the process may use in bytes, where the kernel allows more. Histograms keep the trace of a recent
 * observation in each bucket as an exemplar, where chance has chosen that trace to be kept.
 */
export function createMetrics(service: string, version: string, memoryLimit = Number.POSITIVE_INFINITY): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopSampleMs });
  const made = new Map<string, Counter | Gauge | Histogram>();

  function metric<T extends Counter | Gauge | Histogram>(name: MetricName): T {
    const found = made.get(name) ?? make(name);
    made.set(name, found);
    return found as T;
  }

  function make(name: MetricName): Counter | Gauge | Histogram {
    const { type, help, labels, buckets } = metricDefinitions[name] as MetricDefinition;
    const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    if (type === "counter") return new Counter(options);
    if (type === "gauge") return new Gauge(options);
    return new Histogram({ ...options, enableExemplars: true, buckets: [...(buckets ?? [])] });
  }

  for (const [name, definition] of Object.entries(metricDefinitions) as [MetricName, MetricDefinition][]) {
    if (definition.from !== "all" && !definition.from.some((from) => from === service)) continue;
    for (const labels of closedSeries(definition)) {
      const at = metric(name);
      if (at instanceof Histogram) at.zero(labels);
      else at.inc(labels, 0);
    }
  }
  metric<Gauge>("pixelmesh_build_info").set({ service, version, node: process.version }, 1);
  metric<Gauge>("pixelmesh_process_memory_limit_bytes").set(Math.min(memoryLimit, memoryLimitBytes()));

  return {
    count: (name, labels, by = 1) => metric<Counter>(name).inc(labels, by),
    set: (name, labels, value) => metric<Gauge>(name).set(labels, value),
    observe(name, labels, value) {
      const traceId = keptTraceId();
      metric<Histogram>(name).observe({ labels, value, exemplarLabels: traceId ? { trace_id: traceId } : {} });
    },
    async page(accept = "") {
      const text = await registry.metrics();
      if (accept.includes("application/openmetrics-text")) return { text, contentType: registry.contentType };
      return { text: toPlainText(text), contentType: Registry.PROMETHEUS_CONTENT_TYPE };
    },
  };
}

/** An OpenMetrics page in the older text format: counters are named whole, and there are no exemplars and no end mark. */
function toPlainText(openMetrics: string): string {
  return openMetrics
    .replace(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, "# HELP $1_total $2\n# TYPE $1_total counter")
    .replace(/ # \{.*$/gm, "")
    .replace(/# EOF\n$/, "");
}

/** Every combination of a metric's label values where all its labels are closed lists; none where one is open. */
function closedSeries({ labels }: MetricDefinition): Record<string, string>[] {
  let series: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === "open") return [];
    series = series.flatMap((given) => values.map((value) => ({ ...given, [label]: value })));
  }
  return series;
}

/** The cgroup's limit where there is one, else the machine's memory. */
function memoryLimitBytes(): number {
  try {
    const text = readFileSync("/sys/fs/cgroup/memory.max", "utf8").trim();
    if (text !== "max") return Math.min(Number(text), totalmem());
  } catch {
    // No cgroup v2 here: the machine's memory is the limit.
  }
  return totalmem();
}

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type MetricName, metricDefinitions } from "./names.ts";

type NamesOf<T extends string> = {
  [K in MetricName]: (typeof metricDefinitions)[K]["type"] extends T ? K : never;
}[MetricName];
type Labels<N extends MetricName> = Readonly<Record<(typeof metricDefinitions)[N]["labels"][number], string>>;

/** The metrics of one process, by the names of the registry. Wrong names or labels do not compile. */
export type Metrics = {
  count<N extends NamesOf<"counter">>(name: N, labels: Labels<N>, by?: number): void;
  set<N extends NamesOf<"gauge">>(name: N, labels: Labels<N>, value: number): void;
  observe<N extends NamesOf<"histogram">>(name: N, labels: Labels<N>, value: number): void;
  /** The page in the Prometheus text format. */
  page(): Promise<string>;
  readonly contentType: string;
};

/** Metrics of a service: the registry's, created on first use, and the defaults of a Node process. */
export function createMetrics(service: string, version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const made = new Map<string, Counter | Gauge | Histogram>();

  function metric<T extends Counter | Gauge | Histogram>(name: MetricName): T {
    let found = made.get(name);
    if (found === undefined) {
      const { type, help, labels, ...rest } = metricDefinitions[name] as {
        type: string;
        help: string;
        labels: readonly string[];
        buckets?: readonly number[];
      };
      const options = { name, help, labelNames: [...labels], registers: [registry] };
      if (type === "counter") found = new Counter(options);
      else if (type === "gauge") found = new Gauge(options);
      else found = new Histogram({ ...options, ...(rest.buckets ? { buckets: [...rest.buckets] } : {}) });
      made.set(name, found);
    }
    return found as T;
  }

  metric<Gauge>("pixelmesh_build_info").set({ service, version, node: process.version }, 1);
  metric<Gauge>("pixelmesh_process_memory_limit_bytes").set(memoryLimitBytes());

  return {
    count: (name, labels, by = 1) => metric<Counter>(name).inc(labels, by),
    set: (name, labels, value) => metric<Gauge>(name).set(labels, value),
    observe: (name, labels, value) => metric<Histogram>(name).observe(labels, value),
    page: () => registry.metrics(),
    contentType: registry.contentType,
  };
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

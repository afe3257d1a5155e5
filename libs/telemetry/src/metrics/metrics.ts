import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { droppedLogLines } from "../logs/logger.ts";
import { sampledTraceId } from "../traces/trace.ts";
import { type MetricDefinition, type MetricName, metricDefinitions } from "./metric-definitions.ts";
import type { PageMetric, PageRegistry } from "./page-registry.ts";
import { HistogramSeries, type SeriesLabels, SeriesTable, ValueSeries } from "./series.ts";

type NamesOf<T extends string> = {
  [K in MetricName]: (typeof metricDefinitions)[K]["type"] extends T ? K : never;
}[MetricName];
type Labels<N extends MetricName> = Readonly<Record<keyof (typeof metricDefinitions)[N]["labels"], string>>;
/** One series of a gauge: its labels and its value. */
export type GaugeRow<N extends NamesOf<"gauge">> = { readonly labels: Labels<N>; readonly value: number };

/** Most lines of one metric on a page. A series of a histogram has one line for each bucket and three more. */
const maxLines = 10_000;

/** The metrics of one process, by the names of the registry. Wrong names and labels do not compile. */
export type Metrics = {
  count<N extends NamesOf<"counter">>(name: N, labels: Labels<N>, by?: number): void;
  set<N extends NamesOf<"gauge">>(name: N, labels: Labels<N>, value: number): void;
  /**
   * Replaces all series of a gauge. For gauges whose labels name things that come and go, such as devices: the series of a thing
   * that is gone is removed.
   */
  setAll<N extends NamesOf<"gauge">>(name: N, rows: readonly GaugeRow<N>[]): void;
  observe<N extends NamesOf<"histogram">>(name: N, labels: Labels<N>, value: number): void;
  /**
   * Returns a faster `count` for frequent events. It finds a series by a key that stands for its labels, and calls `toLabels` only
   * for new keys. Keys are remembered up to the limit of series.
   */
  countBy<N extends NamesOf<"counter">, K>(name: N, toLabels: (key: K) => Labels<N>): (key: K, by?: number) => void;
  /** As `countBy`, for `observe`. */
  observeBy<N extends NamesOf<"histogram">, K>(
    name: N,
    toLabels: (key: K) => Labels<N>,
  ): (key: K, value: number) => void;
  /** Calls `refresh` before each page is rendered, until the returned function is called: for values that are read, not counted. */
  onPage(refresh: () => void): () => void;
  /** Renders the page in a format that the `accept` header allows: OpenMetrics with exemplars, else the Prometheus text format. */
  page(accept?: string): Promise<{ readonly text: string; readonly contentType: string }>;
};

/**
 * Creates the metrics of a process of role `service`: those of the registry and the defaults of a Node process. Series whose labels
 * are closed lists exist from the start, at zero, if the registry says that the role exports them. Others are created on first use.
 * `memoryLimit` is the process's own memory limit in bytes, if it is lower than the kernel's. Each bucket of a histogram keeps a
 * recent observation of a head-sampled trace as its exemplar. The metrics of the Node process are measured from the first page on.
 */
export function createMetrics(service: string, version: string, memoryLimit = Number.POSITIVE_INFINITY): Metrics {
  const shown: PageMetric[] = [];
  const refreshes = new Set<() => void>();
  let registry: Promise<PageRegistry> | undefined;
  // Also for metrics that appear after the first page.
  const show = (metric: PageMetric) => {
    shown.push(metric);
    // A page that cannot be rendered fails itself.
    registry?.then(
      ({ add }) => add(metric),
      () => {},
    );
  };
  const countOverflow = (metric: MetricName) => {
    if (metric !== overflows) values(overflows).of({ metric }).add(1);
  };
  const histograms = createTables(
    show,
    (name, labels) => new HistogramSeries(name, definitionOf(name), labels),
    countOverflow,
  );
  const values = createTables(show, (_name, labels) => new ValueSeries(labels), countOverflow);

  for (const [name, definition] of Object.entries(metricDefinitions) as [MetricName, MetricDefinition][]) {
    if (definition.from !== "all" && !definition.from.some((from) => from === service)) continue;
    const table = definition.type === "histogram" ? histograms(name) : values(name);
    for (const labels of closedSeries(definition)) table.of(labels);
  }
  values("pixelmesh_build_info").of({ service, version, runtime: process.version }).set(1);
  values("pixelmesh_process_memory_limit_bytes").of({}).set(Math.min(memoryLimit, memoryLimitBytes()));

  return {
    count: (name, labels, by = 1) => values(name).of(labels).add(by),
    set: (name, labels, value) => values(name).of(labels).set(value),
    setAll(name, rows) {
      const table = values(name);
      table.clear();
      // The values of different things cannot be added, so rows beyond the limit are counted as overflow, not shown under `other`.
      for (const { labels, value } of rows.slice(0, maxLines)) table.of(labels).set(value);
      for (let over = rows.length - maxLines; over > 0; over--) countOverflow(name);
    },
    observe: (name, labels, value) => histograms(name).of(labels).observe(value, sampledTraceId()),
    countBy(name, toLabels) {
      const seriesOf = byKey(() => values(name), toLabels);
      return (key, by = 1) => seriesOf(key).add(by);
    },
    observeBy(name, toLabels) {
      const seriesOf = byKey(() => histograms(name), toLabels);
      return (key, value) => seriesOf(key).observe(value, sampledTraceId());
    },
    onPage(refresh) {
      refreshes.add(refresh);
      return () => void refreshes.delete(refresh);
    },
    async page(accept = "") {
      for (const refresh of refreshes) refresh();
      values("pixelmesh_log_lines_dropped_total").of({}).set(droppedLogLines());
      // The next page tries again.
      registry ??= openRegistry(shown).catch((error: unknown) => {
        registry = undefined;
        throw error;
      });
      return (await registry).page(accept.includes("application/openmetrics-text"));
    },
  };
}

/** Loads the library that renders pages, at the first scrape: a process that has no reader needs neither it nor its measuring. */
async function openRegistry(shown: readonly PageMetric[]): Promise<PageRegistry> {
  const { createPageRegistry } = await import("./page-registry.ts");
  const registry = createPageRegistry();
  for (const metric of shown) registry.add(metric);
  return registry;
}

/** Finds series by keys that stand for their labels. Table and series are created, and appear on the page, on first use. */
function byKey<K, S extends ValueSeries | HistogramSeries>(
  table: () => SeriesTable<S>,
  toLabels: (key: K) => SeriesLabels,
): (key: K) => S {
  const seen = new Map<K, S>();
  return (key) => {
    let series = seen.get(key);
    if (series === undefined) {
      const all = table();
      series = all.of(toLabels(key));
      if (!all.isFull()) seen.set(key, series);
    }
    return series;
  };
}

const overflows = "pixelmesh_metric_overflow_total";

const definitionOf = (name: MetricName): MetricDefinition => metricDefinitions[name];

/** Returns the table of series of a metric. The table is created, and appears on the page, on first use. */
function createTables<S extends ValueSeries | HistogramSeries>(
  show: (metric: PageMetric) => void,
  createSeries: (name: MetricName, labels: SeriesLabels) => S,
  onOverflow: (name: MetricName) => void,
): (name: MetricName) => SeriesTable<S> {
  const tables = new Map<MetricName, SeriesTable<S>>();

  function create(name: MetricName): SeriesTable<S> {
    const { type, help, labels, buckets } = definitionOf(name);
    const table = new SeriesTable<S>(
      {
        labelNames: Object.keys(labels),
        openLabels: new Set(Object.keys(labels).filter((label) => labels[label] === "open")),
        maxSeries: Math.floor(maxLines / (buckets === undefined ? 1 : buckets.length + 3)),
        onOverflow: () => onOverflow(name),
      },
      (values) => createSeries(name, values),
    );
    tables.set(name, table);
    // The members that the registry reads. It shortens the name of counters as OpenMetrics requires.
    const metric = {
      name,
      type,
      help,
      aggregator: "sum",
      get: async () => ({ ...metric, values: table.toPage() }),
    };
    show(metric);
    return table;
  }
  return (name) => tables.get(name) ?? create(name);
}

/** Every combination of a metric's label values if all its labels are closed lists; none if one is open. */
function closedSeries({ labels }: MetricDefinition): Record<string, string>[] {
  let series: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === "open") return [];
    series = series.flatMap((given) => values.map((value) => ({ ...given, [label]: value })));
  }
  return series;
}

/** The memory limit of the cgroup, else the machine's memory, in bytes. */
function memoryLimitBytes(): number {
  try {
    const text = readFileSync("/sys/fs/cgroup/memory.max", "utf8").trim();
    if (text !== "max") return Math.min(Number(text), totalmem());
  } catch {
    // No cgroup v2 here: the machine's memory is the limit.
  }
  return totalmem();
}

import { type Metric, type OpenMetricsContentType, Registry } from "prom-client";
import { collectProcessMetrics } from "./process-metrics.ts";

/** A metric with the members that the registry reads. */
export type PageMetric = { readonly name: string; readonly type: string; get(): Promise<unknown> };

/** The metrics of a page, rendered by prom-client. */
export type PageRegistry = {
  add(metric: PageMetric): void;
  /** Renders all metrics: in OpenMetrics format with exemplars, or in the Prometheus text format. */
  page(isOpenMetrics: boolean): Promise<{ readonly text: string; readonly contentType: string }>;
};

/** Creates a registry that also holds the metrics of a Node process. They are measured from now on. */
export function createPageRegistry(): PageRegistry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectProcessMetrics(registry);
  return {
    add: (metric) => registry.registerMetric(metric as unknown as Metric),
    async page(isOpenMetrics) {
      const text = await registry.metrics();
      if (isOpenMetrics) return { text, contentType: registry.contentType };
      return { text: toPlainText(text), contentType: Registry.PROMETHEUS_CONTENT_TYPE };
    },
  };
}

/** Converts an OpenMetrics page to the Prometheus text format: full names of counters, no exemplars, no end mark. */
function toPlainText(openMetrics: string): string {
  return openMetrics
    .replace(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, "# HELP $1_total $2\n# TYPE $1_total counter")
    .replace(/ # \{.*$/gm, "")
    .replace(/# EOF\n$/, "");
}

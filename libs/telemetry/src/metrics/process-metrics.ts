import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Gauge, type OpenMetricsContentType, type Registry } from "prom-client";

/** How often an event loop is asked: each time wakes an idle process. A delay shorter than this may go unseen. */
const sampleMs = 50;

/** For prom-client's own monitor, which is not used: it never wakes. */
const neverMs = 2 ** 31 - 1;

const names = ["p50", "p99", "max"] as const;

/**
 * Has the registry tell what prom-client knows of a Node process, but for its event loop: how late that was since it was last
 * asked, in seconds, has no time between two samples in it here. A free loop is late by nothing.
 */
export function collectProcessMetrics(registry: Registry<OpenMetricsContentType>): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith("nodejs_eventloop_lag")) registry.removeSingleMetric(name);
  const delays = monitorEventLoopDelay({ resolution: sampleMs });
  delays.enable();
  const gauges = names.map(
    (name, at) =>
      new Gauge({
        name: `nodejs_eventloop_lag_${name}_seconds`,
        help: `How late the event loop was since the last scrape, ${name === "max" ? "at most" : name}.`,
        registers: [registry],
        // The first is asked first, and sets them all: what they are read from begins anew.
        ...(at === 0 ? { collect: readAll } : {}),
      }),
  );
  function readAll(): void {
    for (const [at, ns] of [delays.percentile(50), delays.percentile(99), delays.max].entries())
      gauges[at]?.set(Math.max(0, ns / 1e9 - sampleMs / 1e3));
    delays.reset();
  }
}

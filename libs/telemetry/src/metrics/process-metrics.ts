import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Counter, collectDefaultMetrics, Gauge, type OpenMetricsContentType, type Registry } from "prom-client";

/** Sampling interval of the event loop's delay. Each sample wakes an idle process; shorter delays may be missed. */
const sampleMs = 50;

/** Interval of prom-client's own monitor, which is not used and must not wake the process. */
const neverMs = 2 ** 31 - 1;

const names = ["p50", "p99", "max"] as const;

/** Gauges of prom-client whose names end as only those of counters may. The same values are in `nodejs_active_{handles,requests,resources}` by type. */
const misnamed = /^nodejs_active_\w+_total$/;

/**
 * Adds prom-client's metrics of a Node process to a registry, with another measure of the event loop's lag: seconds since the last
 * scrape without the sampling interval, so that the lag of a free event loop is zero. The processor time counts from the process's start.
 */
export function collectProcessMetrics(registry: Registry<OpenMetricsContentType>): void {
  const { user, system } = process.cpuUsage();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  // prom-client counts from this call on.
  const used = { cpu_user: user, cpu_system: system, cpu: user + system };
  for (const [name, us] of Object.entries(used))
    (registry.getSingleMetric(`process_${name}_seconds_total`) as Counter | undefined)?.inc(us / 1e6);
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith("nodejs_eventloop_lag") || misnamed.test(name)) registry.removeSingleMetric(name);
  const delays = monitorEventLoopDelay({ resolution: sampleMs });
  delays.enable();
  const gauges = names.map(
    (name, at) =>
      new Gauge({
        name: `nodejs_eventloop_lag_${name}_seconds`,
        help: `Lag of the event loop since the last scrape, ${name}.`,
        registers: [registry],
        // The registry collects the first gauge first. It sets all three, because reading resets the monitor.
        ...(at === 0 ? { collect: readAll } : {}),
      }),
  );
  function readAll(): void {
    for (const [at, ns] of [delays.percentile(50), delays.percentile(99), delays.max].entries())
      gauges[at]?.set(Math.max(0, ns / 1e9 - sampleMs / 1e3));
    delays.reset();
  }
}

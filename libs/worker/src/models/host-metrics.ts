import type { HostDescription, HostEvent } from "@pixelmesh/inference";
import type { Metrics } from "@pixelmesh/telemetry";

/** Returns an observer that counts the events of inference hosts. */
export function createHostObserver(metrics: Metrics): (event: HostEvent) => void {
  return (event) => {
    if (event.type === "started") {
      metrics.observe("pixelmesh_host_start_seconds", { provider: event.provider }, event.startMs / 1000);
    } else if (event.type === "ended") {
      metrics.count("pixelmesh_host_ends_total", { reason: event.reason });
    } else if (event.type === "loaded") {
      metrics.observe("pixelmesh_model_load_seconds", { model: event.model }, event.loadMs / 1000);
    } else if (event.type === "acquired") {
      const result = event.isLoaded ? "hit" : "miss";
      metrics.count("pixelmesh_cache_tier_requests_total", { tier: "models", result });
    } else if (event.type === "ran") {
      metrics.observe("pixelmesh_tile_seconds", { model: event.model, outcome: event.outcome }, event.ms / 1000);
    } else if (event.type === "retried") {
      metrics.count("pixelmesh_tile_repeats_total", { reason: event.reason });
    } else {
      metrics.count("pixelmesh_model_evictions_total", { model: event.model, reason: event.why });
    }
  };
}

/** Sets the gauges of running hosts and loaded models. */
export function exportHosts(metrics: Metrics, hosts: readonly HostDescription[]): void {
  const providers = ["tensorrt", "cuda", "webgpu", "cpu"] as const;
  const running = hosts.filter(({ pid }) => pid !== null);
  for (const provider of providers) {
    const count = running.filter((host) => host.provider === provider).length;
    metrics.set("pixelmesh_hosts", { provider }, count);
  }
  const sum = (of: (host: HostDescription) => number) => running.reduce((total, host) => total + of(host), 0);
  metrics.set(
    "pixelmesh_host_memory_bytes",
    {},
    sum(({ usedBytes }) => usedBytes),
  );
  metrics.set(
    "pixelmesh_models_loaded",
    { pinned: "false" },
    sum(({ models }) => models.filter((m) => !m.pinned).length),
  );
  metrics.set(
    "pixelmesh_models_loaded",
    { pinned: "true" },
    sum(({ models }) => models.filter((m) => m.pinned).length),
  );
}

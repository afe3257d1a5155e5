import type { Dashboard } from "../panel.ts";

const mean = (metric: string, by: string) => `sum by (${by}) (${metric}_sum) / sum by (${by}) (${metric}_count)`;

/** Inference hosts and models: memory, runs, loads, ends. */
export const models: Dashboard = {
  uid: "pixelmesh-models",
  title: "Pixelmesh / Models & hosts",
  description: "Inference hosts and the models in them: memory, runs, loads, evictions, ends.",
  rows: [
    {
      title: "Hosts",
      panels: [
        {
          title: "Running hosts",
          description: "Inference hosts with a proven provider, by provider.",
          unit: "none",
          width: 6,
          targets: [{ expr: "sum by (provider) (pixelmesh_hosts)", legend: "{{provider}}" }],
        },
        {
          title: "Memory of hosts",
          description:
            "Anonymous memory of all inference hosts of each worker. The worker's own memory is not part of it.",
          unit: "bytes",
          width: 6,
          targets: [{ expr: "sum by (job, instance) (pixelmesh_host_memory_bytes)", legend: "{{instance}}" }],
        },
        {
          title: "Start of hosts",
          description: "Mean time from spawn to proven provider, since the start of the workers.",
          unit: "s",
          width: 6,
          targets: [{ expr: mean("pixelmesh_host_start_seconds", "provider"), legend: "{{provider}}" }],
        },
        {
          title: "Ended hosts",
          description: "Per hour, by reason. Idle, recycled, evicted, unloaded and closed are normal.",
          unit: "short",
          width: 6,
          targets: [{ expr: "sum by (reason) (increase(pixelmesh_host_ends_total[1h]))", legend: "{{reason}}" }],
        },
      ],
    },
    {
      title: "Models",
      panels: [
        {
          title: "Loaded models",
          description: "Models in the memory of hosts; pinned ones are never evicted.",
          unit: "none",
          width: 6,
          targets: [{ expr: "sum by (pinned) (pixelmesh_models_loaded)", legend: "pinned: {{pinned}}" }],
        },
        {
          title: "Loading models",
          description: "Mean time to load, by model, since the start of the workers.",
          unit: "s",
          width: 6,
          targets: [{ expr: mean("pixelmesh_model_load_seconds", "model"), legend: "{{model}}" }],
        },
        {
          title: "Evicted models",
          description: "Models that were unloaded to load another one, per hour.",
          unit: "short",
          width: 6,
          zeroBecause: "No model is evicted while memory is sufficient.",
          targets: [
            {
              expr: "sum by (model, reason) (increase(pixelmesh_model_evictions_total[1h]))",
              legend: "{{model}} {{reason}}",
            },
          ],
        },
        {
          title: "Models found loaded",
          description: "Part of the requests for a model that found it loaded, over 30 minutes.",
          unit: "percentunit",
          width: 6,
          zeroBecause: "Without requests there is no ratio.",
          targets: [
            {
              expr: 'sum by (tier) (rate(pixelmesh_cache_tier_requests_total{tier="models", result="hit"}[30m])) / (sum by (tier) (rate(pixelmesh_cache_tier_requests_total{tier="models"}[30m])) > 0)',
              legend: "{{tier}}",
            },
          ],
        },
      ],
    },
    {
      title: "Runs",
      panels: [
        {
          title: "p95 of runs",
          description: "One run of a model on a tile or a picture, including the wait in the host, by model.",
          unit: "s",
          targets: [
            {
              expr: "histogram_quantile(0.95, sum by (le, model) (rate(pixelmesh_tile_seconds_bucket[$__rate_interval])))",
              legend: "{{model}}",
            },
          ],
        },
        {
          title: "Runs by outcome",
          description: "Per second, by model and outcome.",
          unit: "cps",
          targets: [
            {
              expr: "sum by (model, outcome) (rate(pixelmesh_tile_seconds_count[$__rate_interval]))",
              legend: "{{model}} {{outcome}}",
            },
          ],
        },
        {
          title: "Repeated runs",
          description: "Runs that were done again on a fresh host, per hour, by reason.",
          unit: "short",
          zeroBecause: "No run is repeated while hosts work.",
          targets: [{ expr: "sum by (reason) (increase(pixelmesh_tile_repeats_total[1h]))", legend: "{{reason}}" }],
        },
      ],
    },
  ],
};

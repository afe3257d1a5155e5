import type { Row } from "../panel.ts";

const zeroBecause = "Without jobs there are no requests.";

/** The result cache by operation and by effect, as counted at the end of jobs. */
export const resultCacheRow: Row = {
  title: "Results",
  panels: [
    {
      title: "Requests by operation",
      description: "Succeeded steps of ended jobs per second, by their use of the result cache.",
      unit: "cps",
      targets: [
        {
          expr: "sum by (operation, result) (rate(pixelmesh_result_requests_total[$__rate_interval])) > 0",
          legend: "{{operation}} {{result}}",
        },
      ],
      zeroBecause,
    },
    {
      title: "Hit rate by effect",
      description: "Of chains that have the effect, over 30 minutes. A coalesced step counts as a hit.",
      unit: "percentunit",
      zeroBecause: "Without effects there is no rate.",
      targets: [
        {
          expr: 'sum by (effect) (rate(pixelmesh_effect_requests_total{result=~"hit|coalesced"}[30m])) / (sum by (effect) (rate(pixelmesh_effect_requests_total{result!="bypassed"}[30m])) > 0)',
          legend: "{{effect}}",
        },
      ],
    },
    {
      title: "Run time saved",
      description: "Seconds of run time that cached results save per second, by operation.",
      unit: "short",
      targets: [
        {
          expr: "sum by (operation) (rate(pixelmesh_result_saved_seconds_total[$__rate_interval]))",
          legend: "{{operation}}",
        },
      ],
    },
    {
      title: "Run time saved by effect",
      description:
        "As the run time saved, for chains that have the effect. A chain counts whole for each of its effects.",
      unit: "short",
      zeroBecause: "Without effects nothing is saved.",
      targets: [
        {
          expr: "sum by (effect) (rate(pixelmesh_effect_saved_seconds_total[$__rate_interval]))",
          legend: "{{effect}}",
        },
      ],
    },
    {
      title: "Bytes from cached results",
      description: "Blobs that jobs took from cached results, by operation.",
      unit: "Bps",
      targets: [
        {
          expr: "sum by (operation) (rate(pixelmesh_result_cached_bytes_total[$__rate_interval]))",
          legend: "{{operation}}",
        },
      ],
    },
    {
      title: "p95 of cached results",
      description: "From a step's inputs being ready to its cached result, by operation.",
      unit: "s",
      zeroBecause,
      targets: [
        {
          expr: "histogram_quantile(0.95, sum by (le, operation) (rate(pixelmesh_result_retrieval_seconds_bucket[$__rate_interval]))) >= 0",
          legend: "{{operation}}",
        },
      ],
    },
    {
      title: "Lost results",
      description:
        "Stored results whose blobs were gone or corrupt when they were wanted, per hour. They are computed again.",
      unit: "short",
      steps: [{ from: 100, color: "yellow" }],
      targets: [{ expr: "sum by (operation) (increase(pixelmesh_results_lost_total[1h]))", legend: "{{operation}}" }],
    },
  ],
};

import type { Dashboard } from "../panel.ts";

/** Rate, errors and duration of jobs and calls: the first dashboard to open. */
export const overview: Dashboard = {
  uid: "pixelmesh-overview",
  title: "Pixelmesh / Overview",
  description: "Rate, errors and duration of jobs and calls, and firing alerts.",
  variables: [{ name: "pipeline", query: "pixelmesh_jobs_finished_total, pipeline" }],
  rows: [
    {
      title: "Jobs",
      panels: [
        {
          title: "Ended jobs",
          description: "Per second, by outcome. Rejected: the picture or the request was at fault.",
          unit: "reqps",
          targets: [
            {
              expr: 'sum by (outcome) (rate(pixelmesh_jobs_finished_total{pipeline=~"$pipeline"}[$__rate_interval]))',
              legend: "{{outcome}}",
            },
          ],
        },
        {
          title: "Failed share",
          description:
            "Failed, timed out and dead-lettered of all that were neither rejected nor cancelled, over 5 minutes.",
          unit: "percentunit",
          steps: [{ from: 0.05, color: "red" }],
          targets: [
            {
              expr: 'pixelmesh:jobs_failed:rate5m{pipeline=~"$pipeline"} / pixelmesh:jobs_finished:rate5m{pipeline=~"$pipeline"}',
              legend: "{{pipeline}}",
            },
          ],
        },
        {
          title: "Duration",
          description: "From accepted to ended, of jobs that succeeded. The dots are traces.",
          unit: "s",
          steps: [{ from: 30, color: "red" }],
          targets: [0.5, 0.95, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pixelmesh_job_duration_seconds_bucket{outcome="succeeded", pipeline=~"$pipeline"}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
      ],
    },
    {
      title: "Now",
      panels: [
        {
          title: "Firing alerts",
          description: "Number by severity.",
          unit: "none",
          kind: "stat",
          width: 4,
          steps: [{ from: 1, color: "red" }],
          targets: [
            {
              expr: 'sum by (severity) (ALERTS{alertstate="firing", alertname=~"Pixelmesh.*"})',
              legend: "{{severity}}",
            },
          ],
        },
        {
          title: "Unfinished jobs",
          description: "Accepted and not ended.",
          unit: "none",
          kind: "stat",
          width: 4,
          targets: [{ expr: "max(pixelmesh_open_jobs)", legend: "open" }],
        },
        {
          title: "Oldest unfinished job",
          description: "Age of the oldest unfinished job. The default deadline is 15 minutes.",
          unit: "s",
          kind: "stat",
          width: 4,
          steps: [
            { from: 300, color: "yellow" },
            { from: 1_200, color: "red" },
          ],
          targets: [{ expr: "max(pixelmesh_job_oldest_active_age_seconds)", legend: "age" }],
        },
        {
          title: "Processes",
          description: "Processes that answer on their metrics page, by role and version.",
          unit: "none",
          kind: "stat",
          width: 12,
          targets: [{ expr: "count by (service, version) (pixelmesh_build_info)", legend: "{{service}} {{version}}" }],
        },
      ],
    },
    {
      title: "Calls",
      panels: [
        {
          title: "Calls served",
          description: "Per second, by method.",
          unit: "reqps",
          targets: [
            {
              expr: 'sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count{rpc_method!~"grpc.health.*"}[$__rate_interval]))',
              legend: "{{rpc_method}}",
            },
          ],
        },
        {
          title: "Failed share of calls",
          description: "The six codes that are the server's fault, over 5 minutes.",
          unit: "percentunit",
          steps: [{ from: 0.05, color: "red" }],
          targets: [{ expr: "pixelmesh:rpc_errors:ratio5m > 0", legend: "{{rpc_method}}" }],
        },
        {
          title: "p95 of calls",
          description: "By method. Long-lived streams last as long as their callers hold them open.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, rpc_method) (rate(rpc_server_call_duration_seconds_bucket{rpc_method!~"grpc.health.*|.*/(AttachDevice|HoldSlot|WatchJob)"}[$__rate_interval])))',
              legend: "{{rpc_method}}",
            },
          ],
        },
      ],
    },
  ],
};

import type { Dashboard } from "../panel.ts";

/** Messages between services, as the services see them. */
export const broker: Dashboard = {
  uid: "pixelmesh-broker",
  title: "Pixelmesh / NATS",
  description: "Messages between services: published, settled, malformed; connections lost.",
  rows: [
    {
      title: "Messages",
      panels: [
        {
          title: "Published",
          description: "Per second. Duplicate: the broker had it already, which is harmless.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, result) (rate(pixelmesh_messages_published_total[$__rate_interval]))",
              legend: "{{stream}} {{result}}",
            },
          ],
        },
        {
          title: "Settled",
          description: "Per second. Lost: acknowledged too late, another had it.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, settle) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))",
              legend: "{{stream}} {{settle}}",
            },
          ],
        },
        {
          title: "Redelivered share",
          description: "Of all settled messages.",
          unit: "percentunit",
          targets: [
            {
              expr: 'sum by (stream) (rate(pixelmesh_messages_consumed_total{redelivered="true"}[$__rate_interval])) / sum by (stream) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))',
              legend: "{{stream}}",
            },
          ],
        },
      ],
    },
    {
      title: "Buckets",
      panels: [
        {
          title: "Fill",
          description:
            "Share of the bound. Finished work gives way from 80 % on; new jobs are refused above 85 % of the bucket jobs.",
          unit: "percentunit",
          targets: [
            {
              expr: "max by (bucket) (pixelmesh_bucket_bytes / (pixelmesh_bucket_bound_bytes > 0))",
              legend: "{{bucket}}",
            },
          ],
        },
        {
          title: "Entries",
          description: "Of jobs two each. They take the broker's memory.",
          unit: "short",
          targets: [{ expr: "max by (bucket) (pixelmesh_bucket_entries)", legend: "{{bucket}}" }],
        },
        {
          title: "Evicted, and not kept",
          description:
            "Per second: entries of finished work that gave way, and entries of the result cache that found no room.",
          unit: "short",
          targets: [
            {
              expr: "sum by (bucket) (rate(pixelmesh_bucket_evictions_total[$__rate_interval]))",
              legend: "{{bucket}} evicted",
            },
            {
              expr: "sum(rate(pixelmesh_results_not_kept_total[$__rate_interval]))",
              legend: "results not kept",
            },
          ],
        },
      ],
    },
    {
      title: "Faults",
      panels: [
        {
          title: "Reconnects",
          description: "Per 15 minutes, of all processes.",
          unit: "short",
          targets: [
            { expr: "sum by (instance) (increase(pixelmesh_nats_reconnects_total[15m]))", legend: "{{instance}}" },
          ],
        },
        {
          title: "Malformed messages",
          description: "Per 15 minutes, by stream.",
          unit: "short",
          targets: [
            { expr: "sum by (stream) (increase(pixelmesh_malformed_messages_total[15m]))", legend: "{{stream}}" },
          ],
        },
        {
          title: "Lost races for a job's record",
          description: "Per second: writes that were tried again.",
          unit: "reqps",
          targets: [{ expr: "sum(rate(pixelmesh_job_state_conflicts_total[$__rate_interval]))", legend: "conflicts" }],
        },
      ],
    },
  ],
};

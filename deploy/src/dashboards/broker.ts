import type { Dashboard } from "../panel.ts";

/** Messages and buckets, as the services measure them. */
export const broker: Dashboard = {
  uid: "pixelmesh-broker",
  title: "Pixelmesh / NATS",
  description: "Messages between services: published, processed, malformed. Buckets. Lost connections.",
  rows: [
    {
      title: "Messages",
      panels: [
        {
          title: "Published",
          description: "Per second. Duplicate: the broker had the message already, which is harmless.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, result) (rate(pixelmesh_messages_published_total[$__rate_interval]))",
              legend: "{{stream}} {{result}}",
            },
          ],
        },
        {
          title: "Processed",
          description:
            "Per second, by the answer to the broker. Lost: acknowledged too late, so it was delivered again.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, answer) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))",
              legend: "{{stream}} {{answer}}",
            },
          ],
        },
        {
          title: "Redelivered share",
          description: "Share of all processed messages.",
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
          title: "Used share",
          description:
            "Share of the size limit. Entries of finished work are evicted from 80 % on; new jobs are refused above 85 % of the bucket jobs.",
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
          description: "Number of entries, two for each job. They take memory of the broker.",
          unit: "short",
          targets: [{ expr: "max by (bucket) (pixelmesh_bucket_entries)", legend: "{{bucket}}" }],
        },
        {
          title: "Evicted and not written",
          description:
            "Per second: evicted entries of finished work, and entries of the result cache that were not written because it was full.",
          unit: "short",
          targets: [
            {
              expr: "sum by (bucket) (rate(pixelmesh_bucket_evictions_total[$__rate_interval]))",
              legend: "{{bucket}} evicted",
            },
            {
              expr: "sum(rate(pixelmesh_results_not_kept_total[$__rate_interval]))",
              legend: "results not written",
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
          title: "Conflicting writes of job records",
          description: "Compare-and-set writes that were retried, per second.",
          unit: "reqps",
          targets: [{ expr: "sum(rate(pixelmesh_job_state_conflicts_total[$__rate_interval]))", legend: "conflicts" }],
        },
      ],
    },
  ],
};

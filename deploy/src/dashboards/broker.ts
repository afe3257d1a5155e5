import type { Dashboard } from "../panel.ts";
import { natsRows } from "./nats-exporter.ts";

const consumed = (filter = "") =>
  `sum by (stream) (rate(pixelmesh_messages_consumed_total${filter}[$__rate_interval]))`;

/** Messages and buckets as the services measure them, and the servers as NATS's own exporter measures them. */
export const broker: Dashboard = {
  uid: "pixelmesh-broker",
  title: "Pixelmesh / NATS",
  description:
    "Messages between services: published, processed, malformed. Buckets. Connections. The servers themselves.",
  rows: [
    {
      title: "Messages",
      panels: [
        {
          title: "Published",
          description: "Per second. Duplicate: the broker had the message already, which is harmless.",
          unit: "mps",
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
          unit: "mps",
          targets: [
            {
              expr: "sum by (stream, answer) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))",
              legend: "{{stream}} {{answer}}",
            },
          ],
        },
        {
          title: "Redelivered messages",
          description: "Part of all processed messages.",
          unit: "percentunit",
          zeroBecause: "Without messages there is no ratio.",
          targets: [
            {
              expr: `(${consumed('{redelivered="true"}')} or ${consumed()} * 0) / (${consumed()} > 0)`,
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
          title: "Fill of buckets",
          description:
            "Part of the size limit. Entries of finished work are evicted from 80 % on; new jobs are refused above 85 % of the bucket jobs.",
          unit: "percentunit",
          width: 6,
          steps: [
            { from: 0.8, color: "yellow" },
            { from: 0.85, color: "red" },
          ],
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
          width: 6,
          targets: [
            { expr: "sum by (bucket) (max by (namespace, bucket) (pixelmesh_bucket_entries))", legend: "{{bucket}}" },
          ],
        },
        {
          title: "Evicted and not written",
          description:
            "Per second: evicted entries of finished work, and entries of the result cache that were not written because it was full.",
          unit: "cps",
          width: 6,
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
        {
          title: "Durable writes",
          description: "Writes that services request of the broker, per second, by kind and by stream or bucket.",
          unit: "wps",
          width: 6,
          targets: [
            { expr: "sum by (what) (rate(pixelmesh_durable_writes_total[$__rate_interval]))", legend: "{{what}}" },
          ],
        },
      ],
    },
    {
      title: "Connections and faults",
      panels: [
        {
          title: "Connected processes",
          description: "Processes with a connection to the broker, by role.",
          unit: "none",
          width: 6,
          targets: [
            {
              expr: "sum by (service) (pixelmesh_nats_connected * on (namespace, job, instance) group_left (service) pixelmesh_build_info)",
              legend: "{{service}}",
            },
          ],
        },
        {
          title: "Reconnects",
          description: "Per 15 minutes, of each process.",
          unit: "short",
          width: 6,
          targets: [
            { expr: "sum by (instance) (increase(pixelmesh_nats_reconnects_total[15m]))", legend: "{{instance}}" },
          ],
        },
        {
          title: "Malformed messages",
          description: "Per 15 minutes, by stream.",
          unit: "short",
          width: 6,
          targets: [
            { expr: "sum by (stream) (increase(pixelmesh_malformed_messages_total[15m]))", legend: "{{stream}}" },
          ],
        },
        {
          title: "Conflicting writes of job records",
          description: "Compare-and-set writes that were retried, per second.",
          unit: "wps",
          width: 6,
          targets: [{ expr: "sum(rate(pixelmesh_job_state_conflicts_total[$__rate_interval]))", legend: "conflicts" }],
        },
      ],
    },
    ...natsRows,
  ],
};
